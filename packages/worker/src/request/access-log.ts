/**
 * One line per request, built by hand with a fixed order of keys: a general serialiser would cost more than the rest of the
 * bookkeeping together. Every value from the wire is escaped; a line is never longer than a pipe takes in one piece.
 */
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock, Random } from '@lb/shared/time/clock';
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import type { Exchange } from './exchange.ts';
import type { LogSink } from './log-sink.ts';

/** What only the end of a request knows. */
export interface Finished {
  readonly status: number;
  readonly totalMs: number;
}

/**
 * Longest value of one field, as escaped: five of them and the rest of a line stay below the 4 KiB that the kernel writes to
 * a pipe without mixing. A combined line has three.
 */
const MAX_VALUE = 600;
const MAX_COMBINED_VALUE = 1_200;

export class AccessLog {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sink: LogSink;
  #config: Config['log']['access'] | undefined;
  #second = Number.NaN;
  /** `2026-11-22T18:30:00.` */
  #secondText = '';

  constructor(sink: LogSink, clock: Clock, random: Random) {
    this.#sink = sink;
    this.#clock = clock;
    this.#random = random;
  }

  configure(config: Config['log']['access']): void {
    this.#config = config;
    this.#sink.open(config.enabled ? config.path : undefined);
  }

  /** Sampling never drops an error. */
  write(exchange: Exchange, finished: Finished): void {
    const config = this.#config;
    if (config === undefined || !config.enabled) return;
    if (config.sample < 1 && finished.status < 500 && this.#random() >= config.sample) return;
    const line =
      config.format === 'json'
        ? this.#json(exchange, finished)
        : this.#combined(exchange, finished);
    this.#sink.write(line);
  }

  #json(exchange: Exchange, { status, totalMs }: Finished): string {
    return (
      `{"time":"${this.#isoTime()}"` +
      `,"request_id":${quote(exchange.id)}` +
      `,"client":${quote(exchange.clientAddress)}` +
      `,"listener":${quote(exchange.listener.name)}` +
      `,"method":${quote(exchange.method)}` +
      `,"host":${quote(exchange.host)}` +
      `,"path":${quote(exchange.path)}` +
      `,"query":${quote(exchange.search.slice(1))}` +
      `,"protocol":${quote(protocolOf(exchange))}` +
      `,"status":${status}` +
      `,"route":${quote(exchange.route?.name)}` +
      `,"pool":${quote(exchange.pool?.name)}` +
      `,"backend":${quote(exchange.backend?.name)}` +
      `,"tries":${exchange.tries}` +
      `,"bytes":${exchange.response.bodyBytes}` +
      `,"request_bytes":${exchange.body?.receivedBytes ?? 0}` +
      `,"connect_ms":${milliseconds(exchange.connectMs)}` +
      `,"ttfb_ms":${milliseconds(exchange.ttfbMs)}` +
      `,"total_ms":${milliseconds(totalMs)}` +
      `,"reason":${quote(exchange.reason)}` +
      `,"user_agent":${quote(exchange.head?.lines.valueOf(USER_AGENT))}` +
      `,"referer":${quote(exchange.head?.lines.valueOf(REFERER))}}\n`
    );
  }

  /** The date's text is the same for a whole second of lines. */
  #isoTime(): string {
    const wallMs = this.#clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#secondText}${String(wallMs - second * 1000).padStart(3, '0')}Z`;
  }

  /** The combined format of Apache and nginx, its fields and no others, so that every tool that reads it reads this. */
  #combined(exchange: Exchange, { status }: Finished): string {
    const line = `${exchange.method} ${exchange.path}${exchange.search} ${protocolOf(exchange)}`;
    return (
      `${exchange.clientAddress === '' ? '-' : exchange.clientAddress} - - [${commonDate(this.#clock.wallMs())}]` +
      ` ${quoteHex(line)} ${status} ${exchange.response.bodyBytes}` +
      ` ${quoteHex(exchange.head?.lines.valueOf(REFERER))} ${quoteHex(exchange.head?.lines.valueOf(USER_AGENT))}\n`
    );
  }
}

/** A message that could not be parsed has no version. */
function protocolOf({ head }: Exchange): string {
  return head === undefined ? '' : `HTTP/1.${head.httpMinor}`;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'null' : String(Math.round(ms * 1000) / 1000);
}

/** Most values need no escape, and telling that costs less than escaping. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** JSON, in ASCII: C1 controls move terminals, and a character is a byte of the line's length. */
function quote(text: string | undefined): string {
  if (text === undefined || text === '') return 'null';
  if (text.length <= MAX_VALUE && PLAIN.test(text)) return `"${text}"`;
  const escaped = JSON.stringify(text.slice(0, MAX_VALUE + 1))
    .slice(1, -1)
    .replace(/[\x7f-\uffff]/g, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${shorten(escaped, MAX_VALUE)}"`;
}

/** nginx's escaping in quoted fields: `\xHH` for quotes, backslashes and whatever is not printable ASCII. */
function quoteHex(text: string | undefined): string {
  if (text === undefined || text === '') return '"-"';
  const escaped = text
    .slice(0, MAX_COMBINED_VALUE + 1)
    .replace(
      /[^\x20-\x21\x23-\x5b\x5d-\x7e]/g,
      (odd) => `\\x${odd.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
  return `"${shorten(escaped, MAX_COMBINED_VALUE)}"`;
}

/** Cuts where no escape is cut in two. */
function shorten(escaped: string, most: number): string {
  if (escaped.length <= most) return escaped;
  const whole = /^(?:[^\\]|\\u[\da-f]{4}|\\x[\dA-F]{2}|\\[^ux])*/.exec(escaped.slice(0, most));
  return `${whole?.[0] ?? ''}...`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `22/Nov/2026:18:30:00 +0000` */
function commonDate(wallMs: number): string {
  const iso = new Date(wallMs).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? '';
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
