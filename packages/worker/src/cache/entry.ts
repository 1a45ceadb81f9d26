/** A stored answer in the memory of a worker: its age by this worker's clock, its place in the list, and what is ready to be sent. */
import type { Encoding } from '@lb/shared/model/encoding';
import type { Route } from '../request/route.ts';
import { cacheStatusLine } from './cache-status.ts';
import { PreparedHead } from './prepared-head.ts';
import type { StoredHead } from './stored-answer.ts';
import type { StoredBody } from './stored-body.ts';

/** Objects around the bytes: the entry, its head as it came and as it goes out, its body, its places in two maps. */
const OBJECT_BYTES = 1280;

/** Head lines are kept up to so many times: as they came, and for validation or as a route edits them. */
const TEXT_COPIES = 2;

/** V8 collects old objects when there is about as much to collect as lives (docs/decisions/0016). */
const HEAP_SHARE = 2;

/** What is on its way in and out, and what entries that are gone leave to be collected, goes by the bytes of bodies. */
const BODY_SHARE = 17 / 16;

/** A client that asks again gets the next try at the earliest after so long, when one behind a stale answer has failed. */
const REFRESH_PAUSE_MS = 1_000;

/** What there is of a stored answer. */
export interface EntryParts {
  /** Of all variants of the address. */
  readonly key: string;
  readonly variant: string;
  readonly answer: StoredHead;
  /** Held by whoever makes the entry, and by the tier that it is in. */
  readonly body: StoredBody;
}

export class Entry implements EntryParts {
  readonly key: string;
  readonly variant: string;
  readonly answer: StoredHead;
  readonly body: StoredBody;
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
  #coded: Map<Encoding, StoredBody> | undefined;
  #hitSecond = Number.NaN;
  #hitLines = '';

  /** @param receivedMs when its head came, on the monotonic clock */
  constructor({ key, variant, answer, body }: EntryParts, receivedMs: number) {
    this.key = key;
    this.variant = variant;
    this.answer = answer;
    this.body = body;
    this.#bornMs = receivedMs - answer.freshness.initialAgeMs;
    const textBytes =
      TEXT_COPIES * (answer.lines.length + answer.statusLine.length) +
      2 * key.length +
      variant.length;
    this.sizeBytes = HEAP_SHARE * (OBJECT_BYTES + textBytes) + BODY_SHARE * body.storedBytes;
  }

  /** Its memory is for others: it had to go. */
  get isGone(): boolean {
    return this.body.isGone;
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
    const { etag, lastModified } = this.answer;
    return !this.isGone && (etag !== undefined || lastModified !== undefined);
  }

  /** Stale, and of use while it is asked for again. */
  mayServeWhileRevalidating(nowMs: number): boolean {
    return -this.freshMs(nowMs) < this.answer.freshness.staleWhileRevalidateMs;
  }

  /** Better than an error, where that is allowed; also when it is fresh and the client wanted it fresher. */
  mayServeOnError(nowMs: number): boolean {
    const { staleIfErrorMs } = this.answer.freshness;
    return !this.isGone && staleIfErrorMs > 0 && -this.freshMs(nowMs) < staleIfErrorMs;
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
  codedBody(encoding: Encoding): StoredBody | undefined {
    return this.#coded?.get(encoding);
  }

  /** Keeps the body in a content coding, and holds it, until `release`. Once for each. */
  keepCoded(encoding: Encoding, body: StoredBody): void {
    this.#coded ??= new Map();
    this.#coded.set(encoding, body);
    this.sizeBytes += BODY_SHARE * body.storedBytes;
  }

  /** Its body is there for the length of a call, whatever becomes of it in that. Not when it is gone. */
  during<T>(act: () => T): T {
    this.body.hold();
    try {
      return act();
    } finally {
      this.body.release();
    }
  }

  /** Whoever keeps it holds its bodies. */
  hold(): void {
    this.body.hold();
  }

  /** It is kept no more. */
  release(): void {
    this.body.release();
    for (const body of this.#coded?.values() ?? []) body.release();
    this.#coded = undefined;
  }

  /** Its head as the clients of a route get it. */
  headFor(route: Route): PreparedHead {
    if (this.#prepared?.route !== route) this.#prepared = new PreparedHead(this, route);
    return this.#prepared;
  }
}
