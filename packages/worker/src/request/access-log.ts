/**
 * One line per request, built by hand with a fixed order of keys: a general serialiser would cost more than the rest of the
 * bookkeeping together. Every value from the wire is escaped; a line is never longer than a pipe takes in one piece.
 */
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock, Random } from '@lb/shared/time/clock';
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import { flat } from '../http1/flat.ts';
import type { Backend } from '../balancing/backend.ts';
import type { Exchange } from './exchange.ts';
import type { LogSink } from './log-sink.ts';
import type { Route } from './route.ts';

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
  readonly #outcomes = new WeakMap<Backend, Outcome>();
  #beginMs = Number.NaN;
  #beginText = '';

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

  /** Put together from as few pieces as can be: what is the same for a connection or a backend is kept as it was written. */
  #json(exchange: Exchange, { status, totalMs }: Finished): string {
    const { connection, search, reason } = exchange;
    let memo = connection.logMemo;
    if (memo === undefined || !isOf(memo, exchange)) {
      memo = newMemo(exchange);
      connection.logMemo = memo;
    }
    return (
      this.#begin() +
      exchange.id +
      memo.client +
      quote(exchange.path) +
      (search === '' ? ',"query":null' : `,"query":${quote(search.slice(1))}`) +
      this.#outcome(exchange, status) +
      `${exchange.tries},"bytes":${exchange.response.bodyBytes},"request_bytes":${exchange.body?.receivedBytes ?? 0}` +
      `,"connect_ms":${milliseconds(exchange.connectMs)},"ttfb_ms":${milliseconds(exchange.ttfbMs)}` +
      `,"total_ms":${milliseconds(totalMs)}` +
      (reason === undefined ? ',"reason":null' : `,"reason":"${reason}"`) +
      memo.agent
    );
  }

  /** Status and where the request went: what nearly always comes together. */
  #outcome(exchange: Exchange, status: number): string {
    const { route, pool, backend } = exchange;
    const protocol = protocolOf(exchange);
    const known = backend === undefined ? undefined : this.#outcomes.get(backend);
    if (known?.route === route && known?.status === status && known.protocol === protocol)
      return known.text;
    const text =
      `,"protocol":${quote(protocol)},"status":${status},"route":${quote(route?.name)}` +
      `,"pool":${quote(pool?.name)},"backend":${quote(backend?.name)},"tries":`;
    if (backend !== undefined)
      this.#outcomes.set(backend, { route, status, protocol, text: flat(text) });
    return text;
  }

  /** Up to the id: the same for all lines of a millisecond, and its date for a whole second of them. */
  #begin(): string {
    const wallMs = this.#clock.wallMs();
    if (wallMs === this.#beginMs) return this.#beginText;
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20);
    }
    this.#beginMs = wallMs;
    this.#beginText = flat(
      `{"time":"${this.#secondText}${threeDigits(wallMs - second * 1000)}Z","request_id":"`,
    );
    return this.#beginText;
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

/** What an access log remembers of a backend: the piece of a line, and what it was made from. */
interface Outcome {
  readonly route: Route | undefined;
  readonly status: number;
  readonly protocol: string;
  readonly text: string;
}

/** What an access log remembers of a connection: pieces of lines, and what they were made from. */
export interface LogMemo {
  readonly clientAddress: string;
  readonly host: string | undefined;
  readonly method: string;
  readonly userAgent: string | undefined;
  readonly referer: string | undefined;
  /** From the end of the id to the path. */
  readonly client: string;
  /** From the end of the reason to the end of the line. */
  readonly agent: string;
}

function isOf(memo: LogMemo, { clientAddress, host, method, head }: Exchange): boolean {
  return (
    memo.host === host &&
    memo.method === method &&
    memo.clientAddress === clientAddress &&
    memo.userAgent === head?.lines.valueOf(USER_AGENT) &&
    memo.referer === head?.lines.valueOf(REFERER)
  );
}

function newMemo({ clientAddress, listener, host, method, head }: Exchange): LogMemo {
  const userAgent = head?.lines.valueOf(USER_AGENT);
  const referer = head?.lines.valueOf(REFERER);
  // A method that came this far is a token.
  const quotedMethod = method === '' ? 'null' : `"${method}"`;
  return {
    clientAddress: flat(clientAddress),
    host: host === undefined ? undefined : flat(host),
    method,
    userAgent: userAgent === undefined ? undefined : flat(userAgent),
    referer: referer === undefined ? undefined : flat(referer),
    client: flat(
      `","client":${quote(clientAddress)},"listener":${quote(listener.name)}` +
        `,"method":${quotedMethod},"host":${quote(host)},"path":`,
    ),
    agent: flat(`,"user_agent":${quote(userAgent)},"referer":${quote(referer)}}\n`),
  };
}

/** `000` to `999`. */
const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, n) =>
  String(n).padStart(3, '0'),
);

function threeDigits(n: number): string {
  return THREE_DIGITS[n] ?? '000';
}

/** With three decimals: numbers with fractions take long to print, whole ones do not. */
function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return 'null';
  const microseconds = Math.round(ms * 1000);
  const whole = Math.floor(microseconds / 1000);
  return `${whole}.${threeDigits(microseconds - whole * 1000)}`;
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
