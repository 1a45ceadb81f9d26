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
  readonly #targets = new WeakMap<
    Backend,
    { readonly route: Route | undefined; readonly text: string }
  >();

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
    const { connection, head, host } = exchange;
    let memo = connection.logMemo;
    if (memo?.clientAddress !== exchange.clientAddress || memo.host !== host) {
      memo = newMemo(exchange);
      connection.logMemo = memo;
    }
    const { search } = exchange;
    return (
      `{"time":"${this.#isoTime()}","request_id":"${exchange.id}${memo.client}${quotedMethod(exchange)}${memo.hostAndPath}` +
      `${quote(exchange.path)},"query":${search === '' ? 'null' : quote(search.slice(1))}` +
      `,"protocol":${quote(protocolOf(exchange))},"status":${status}${this.#target(exchange)}${exchange.tries}` +
      `,"bytes":${exchange.response.bodyBytes},"request_bytes":${exchange.body?.receivedBytes ?? 0}` +
      `,"connect_ms":${milliseconds(exchange.connectMs)},"ttfb_ms":${milliseconds(exchange.ttfbMs)}` +
      `,"total_ms":${milliseconds(totalMs)},"reason":${exchange.reason === undefined ? 'null' : `"${exchange.reason}"`}` +
      `,"user_agent":${userAgent(memo, head?.lines.valueOf(USER_AGENT))}` +
      `,"referer":${quote(head?.lines.valueOf(REFERER))}}\n`
    );
  }

  /** Where the request went: three names that nearly always come together. */
  #target({ route, pool, backend }: Exchange): string {
    const known = backend === undefined ? undefined : this.#targets.get(backend);
    if (known !== undefined && known.route === route) return known.text;
    const text = `,"route":${quote(route?.name)},"pool":${quote(pool?.name)},"backend":${quote(backend?.name)},"tries":`;
    if (backend !== undefined) this.#targets.set(backend, { route, text });
    return text;
  }

  /** The date's text is the same for a whole second of lines. */
  #isoTime(): string {
    const wallMs = this.#clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#secondText}${threeDigits(wallMs - second * 1000)}Z`;
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

/** What an access log remembers of a connection: pieces of lines, quoted. */
export interface LogMemo {
  readonly clientAddress: string;
  readonly host: string | undefined;
  /** From the end of the id to the method. */
  readonly client: string;
  /** From the end of the method to the path. */
  readonly hostAndPath: string;
  userAgent: string | undefined;
  quotedUserAgent: string;
}

function newMemo({ clientAddress, listener, host }: Exchange): LogMemo {
  return {
    clientAddress: flat(clientAddress),
    host: host === undefined ? undefined : flat(host),
    client: flat(`","client":${quote(clientAddress)},"listener":${quote(listener.name)},"method":`),
    hostAndPath: flat(`,"host":${quote(host)},"path":`),
    userAgent: undefined,
    quotedUserAgent: 'null',
  };
}

/** A method that came this far is a token. */
function quotedMethod({ method }: Exchange): string {
  return method === '' ? 'null' : `"${method}"`;
}

function userAgent(memo: LogMemo, text: string | undefined): string {
  if (text !== memo.userAgent) {
    memo.userAgent = text === undefined ? undefined : flat(text);
    memo.quotedUserAgent = flat(quote(text));
  }
  return memo.quotedUserAgent;
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
