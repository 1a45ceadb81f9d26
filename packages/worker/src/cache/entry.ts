/** A stored answer in the memory of a worker: its age by this worker's clock, its place in the list, and what is ready to be sent. */
import type { Encoding } from '@lb/shared/model/encoding';
import type { Route } from '../request/route.ts';
import { cacheStatusLine } from './cache-status.ts';
import { type PreparedHead, prepareHead } from './prepared-head.ts';
import type { StoredAnswer } from './stored-answer.ts';

/** Objects around the bytes: the entry, its body's backing store, its places in two maps. Measured in test/bench. */
const OVERHEAD_BYTES = 1024;

/** What is kept as text is kept up to so many times: as it came, prepared for clients, and for validation. */
const TEXT_COPIES = 3;

/** A client that asks again gets the next try at the earliest after so long, when one behind a stale answer has failed. */
const REFRESH_PAUSE_MS = 1_000;

export class Entry {
  /** Of all variants of the address. */
  readonly key: string;
  readonly variant: string;
  readonly answer: StoredAnswer;
  /** What it takes of `maxSize`. It grows with `keepCoded`. */
  sizeBytes: number;
  /** Neighbours in the order of use; for the tier that it is in. */
  older: Entry | undefined;
  newer: Entry | undefined;
  isStored = false;
  /** When its age was 0, on the monotonic clock. */
  readonly #bornMs: number;
  #refreshAtMs = 0;
  #prepared: PreparedHead | undefined;
  #coded: Map<Encoding, Buffer> | undefined;
  #hitSecond = Number.NaN;
  #hitLines = '';

  /** @param receivedMs when its head came, on the monotonic clock */
  constructor(key: string, variant: string, answer: StoredAnswer, receivedMs: number) {
    this.key = key;
    this.variant = variant;
    this.answer = answer;
    this.#bornMs = receivedMs - answer.freshness.initialAgeMs;
    this.sizeBytes =
      OVERHEAD_BYTES +
      answer.body.length +
      TEXT_COPIES * (answer.lines.length + answer.statusLine.length) +
      2 * key.length +
      variant.length;
  }

  /** All times are on the monotonic clock. @see RFC 9111 section 4.2.3 */
  ageMs(nowMs: number): number {
    return nowMs - this.#bornMs;
  }

  /** For how long it is fresh still; negative when it is stale. */
  freshMs(nowMs: number): number {
    return this.answer.freshness.lifetimeMs - this.ageMs(nowMs);
  }

  get canBeValidated(): boolean {
    return this.answer.etag !== undefined || this.answer.lastModified !== undefined;
  }

  /** Stale, and of use while it is asked for again. */
  mayServeWhileRevalidating(nowMs: number): boolean {
    return -this.freshMs(nowMs) < this.answer.freshness.staleWhileRevalidateMs;
  }

  /** Better than an error, where that is allowed; also when it is fresh and the client wanted it fresher. */
  mayServeOnError(nowMs: number): boolean {
    const { staleIfErrorMs } = this.answer.freshness;
    return staleIfErrorMs > 0 && -this.freshMs(nowMs) < staleIfErrorMs;
  }

  /** It may be asked for again behind its use. */
  isRefreshDue(nowMs: number): boolean {
    return nowMs >= this.#refreshAtMs;
  }

  /** Asking for it again has failed. */
  postponeRefresh(nowMs: number): void {
    this.#refreshAtMs = nowMs + REFRESH_PAUSE_MS;
  }

  /** In whole seconds. */
  ageSeconds(nowMs: number): number {
    return Math.max(0, Math.floor(this.ageMs(nowMs) / 1000));
  }

  /** For how many seconds it is fresh still; negative when it is stale. */
  ttlSeconds(nowMs: number): number {
    return Math.floor(this.answer.freshness.lifetimeMs / 1000) - this.ageSeconds(nowMs);
  }

  /** Age, as a field line. */
  ageLine(nowMs: number): string {
    return `Age: ${this.ageSeconds(nowMs)}\r\n`;
  }

  /** Age and Cache-Status of a fresh one that is used as it is, written once a second. */
  hitLines(nowMs: number): string {
    const second = this.ageSeconds(nowMs);
    if (second !== this.#hitSecond) {
      this.#hitSecond = second;
      this.#hitLines = `Age: ${second}\r\n${cacheStatusLine('hit', this.ttlSeconds(nowMs))}`;
    }
    return this.#hitLines;
  }

  /** Its body in a content coding; undefined when nobody has asked for that yet. */
  codedBody(encoding: Encoding): Buffer | undefined {
    return this.#coded?.get(encoding);
  }

  /** Keeps the body in a content coding, once. */
  keepCoded(encoding: Encoding, body: Buffer): void {
    this.#coded ??= new Map();
    if (this.#coded.has(encoding)) return;
    this.#coded.set(encoding, body);
    this.sizeBytes += body.length;
  }

  /** Its head as the clients of a route get it. */
  headFor(route: Route): PreparedHead {
    if (this.#prepared?.route !== route) this.#prepared = prepareHead(this.answer, route);
    return this.#prepared;
  }
}
