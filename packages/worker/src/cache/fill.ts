/**
 * One answer on its way from a backend into the cache. Everybody who wants it reads along at its own pace, the client
 * that asked first among them; who came later and waits learns at the head whether the answer is for it.
 *
 *     wait* ──▶ begin ──▶ take* ──▶ finish ──▶ stored
 *        │        └─ join*: readers  └─ abort
 *        └─ decline, fail, settle: there is nothing to read
 *
 * While it may be stored nobody slows it down: it is kept whole anyway. One that turns out too large is passed on as the
 * slowest reader takes it.
 */
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Exchange } from '../request/exchange.ts';
import type { Reply } from '../request/reply.ts';
import type { Entry } from './entry.ts';
import { FillReader } from './fill-reader.ts';
import type { BodyStore } from './body-store.ts';
import type { Lease } from './lease.ts';
import type { StoredHead } from './stored-answer.ts';
import { StoredBody, type TakePiece } from './stored-body.ts';

/** What readers may lag behind when it is not stored any more. */
const WINDOW_BYTES = 256 * 1024;

/** An answer whose head may be stored. */
export interface BegunAnswer {
  readonly head: StoredHead;
  /** Of the request that it answers. */
  readonly variant: string;
  /** Of the body; undefined when nobody said. */
  readonly length: number | undefined;
  /** Stores it with the whole body; undefined when there is no place for it. */
  keep(body: StoredBody): Entry | undefined;
}

/** Who waits for the head of the answer. Exactly one of these is called, once; none after `Fill.leave`. */
export interface FillWaiter {
  /** The answer begins. Returns whether it is for this request: if so it has joined, or goes on waiting to the end. */
  onBegin(fill: Fill, answer: BegunAnswer): 'joined' | 'waits' | 'not mine';
  /** It is stored, or what was stored is to be used: within the call. */
  onEntry(entry: Entry): void;
  /** The answer is not for others: ask for yourself. */
  onRelease(): void;
  /** Nobody fetches it any more, or it will not be stored: begin anew. */
  onRestart(): void;
  /** No backend answered. @param reply what the first client is told */
  onFailure(reply: Reply): void;
}

/** What a fill has to know of its cache. */
export interface FillPlace {
  /** Where the body goes. */
  readonly store: BodyStore;
  /** The largest body that is stored. */
  readonly maxBytes: number;
}

export class Fill {
  /** Goes on after `take` returned false. */
  resumeSource: (() => void) | undefined;
  /** Keeps other workers and instances from asking a backend as well. */
  lease: Lease | undefined;
  readonly #onClosed: () => void;
  readonly #place: FillPlace;
  readonly #waiting = new Set<FillWaiter>();
  readonly #readers = new Set<FillReader>();
  #begun: BegunAnswer | undefined;
  /** Held until the fill is over and nobody reads along. */
  #body: StoredBody | undefined;
  #isStoring = true;
  #isPaused = false;
  #isOver = false;
  #trailers: readonly string[] | undefined;

  /** @param onClosed nobody can wait for it any more; may be called twice */
  constructor(place: FillPlace, onClosed: () => void) {
    this.#place = place;
    this.#onClosed = onClosed;
  }

  /** Undefined until the answer is whole. Names and values in turn. */
  get trailers(): readonly string[] | undefined {
    return this.#trailers;
  }

  /** Nothing speaks against it so far. */
  get mayBeStored(): boolean {
    return this.#isStoring && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Somebody reads or waits, or it will be stored: worth going on with, whoever began it. */
  get isWanted(): boolean {
    if (this.#isOver) return false;
    return this.#isStoring || this.#readers.size > 0 || this.#waiting.size > 0;
  }

  /** Tells when the head has come; at once when it has. */
  wait(waiter: FillWaiter): void {
    this.#waiting.add(waiter);
    if (this.#begun !== undefined) this.#tellBegun(waiter, this.#begun);
  }

  leave(waiter: FillWaiter): void {
    this.#waiting.delete(waiter);
  }

  /** Names that its answer has for purging; undefined before it has begun. */
  get tags(): readonly string[] | undefined {
    return this.#begun?.head.tags;
  }

  /** What is stored of this address is thrown away: so is this. */
  invalidate(): void {
    if (!this.#isStoring) return;
    void this.lease?.letGo('free');
    this.#giveUpStoring();
    this.#tellWaiting((waiter) => waiter.onRestart());
  }

  /** Who was to fetch it does not. */
  restart(): void {
    this.#end((waiter) => waiter.onRestart());
  }

  /** The answer begins. */
  begin(answer: BegunAnswer): void {
    this.#begun = answer;
    this.#body = new StoredBody(this.#place.store, answer.length);
    for (const waiter of this.#waiting) this.#tellBegun(waiter, answer);
  }

  /** Gives the body to a client, whose answer has begun. */
  join(exchange: Exchange): FillReader {
    const reader = new FillReader(this, exchange);
    this.#readers.add(reader);
    reader.pump();
    return reader;
  }

  /** Its client is gone. */
  drop(reader: FillReader): void {
    this.#readers.delete(reader);
    this.#goOn();
    this.#letBodyGo();
  }

  /** A piece of the body, of which it takes a copy. @returns false to be left alone until `resumeSource` is called */
  take(bytes: Buffer, start: number, end: number): boolean {
    const body = this.#body;
    if (body === undefined || this.#isOver) return true;
    body.append(bytes, start, end);
    if (this.#isStoring && body.size > this.#place.maxBytes) this.#growTooLarge();
    for (const reader of this.#readers) reader.pump();
    if (this.#isStoring) return true;
    // Whoever brings it sees that by `isWanted`, and brings no more, not even the end.
    if (!this.isWanted) this.abort(undefined);
    this.#isPaused = this.#lag() > WINDOW_BYTES;
    return !this.#isPaused;
  }

  /** That was all for now. */
  flush(): void {
    for (const reader of this.#readers) reader.flush();
  }

  /** The answer is whole. @param trailers names and values in turn */
  finish(trailers: readonly string[]): void {
    const body = this.#body;
    if (this.#isOver || body === undefined) return;
    this.#trailers = trailers;
    body.end();
    const entry = this.#isStoring ? this.#begun?.keep(body) : undefined;
    void this.lease?.letGo(this.#isStoring ? 'passed' : 'free');
    this.#end((waiter) => (entry === undefined ? waiter.onRelease() : waiter.onEntry(entry)));
  }

  /** The rest will not come. @param code why, where the backend is to blame: readers are cut */
  abort(code: FailureCode | undefined): void {
    if (this.#isOver) return;
    void this.lease?.letGo('free');
    this.#end(
      // Nobody has asked a backend yet, where none is to blame.
      (waiter) => (code === undefined ? waiter.onRestart() : waiter.onRelease()),
      (reader) => reader.cut(code),
    );
  }

  /** The answer is not for others. */
  decline(): void {
    if (this.#isOver) return;
    void this.lease?.letGo('passed');
    this.#end((waiter) => waiter.onRelease());
  }

  /** No backend answered. */
  fail(reply: Reply): void {
    if (this.#isOver) return;
    void this.lease?.letGo('free');
    this.#end((waiter) => waiter.onFailure(reply));
  }

  /** What is stored will do. */
  settle(entry: Entry): void {
    if (this.#isOver) return;
    void this.lease?.letGo('free');
    this.#end((waiter) => waiter.onEntry(entry));
  }

  /** Gives the body from a place on to a reader. @returns up to where it was taken */
  read(from: number, take: TakePiece): number {
    const body = this.#body;
    return body === undefined ? from : body.read(from, body.size, take);
  }

  /** A reader has taken more. */
  onProgress(): void {
    this.#goOn();
  }

  #tellBegun(waiter: FillWaiter, answer: BegunAnswer): void {
    const outcome = waiter.onBegin(this, answer);
    if (outcome === 'waits') return;
    this.#waiting.delete(waiter);
    if (outcome === 'not mine') waiter.onRelease();
  }

  #growTooLarge(): void {
    void this.lease?.letGo('passed');
    this.#giveUpStoring();
    this.#tellWaiting((waiter) => waiter.onRelease());
  }

  #giveUpStoring(): void {
    this.#isStoring = false;
    this.#onClosed();
  }

  #goOn(): void {
    if (this.#isStoring || this.#isOver) return;
    const lag = this.#lag();
    if (!this.#isPaused || lag > WINDOW_BYTES) return;
    this.#isPaused = false;
    this.resumeSource?.();
  }

  /** How far the slowest reader is behind; what nobody needs any more is let go. */
  #lag(): number {
    const body = this.#body;
    if (body === undefined) return 0;
    let slowest = body.size;
    for (const { position } of this.#readers) slowest = Math.min(slowest, position);
    body.forget(slowest);
    return body.size - slowest;
  }

  /** What is there is there for all of them, even if the cache has no place for it. */
  #end(
    tell: (waiter: FillWaiter) => void,
    tellReader = (reader: FillReader): void => reader.pump(),
  ): void {
    if (this.#isOver) return;
    const body = this.#body;
    body?.hold();
    this.#isOver = true;
    this.#onClosed();
    for (const reader of this.#readers) tellReader(reader);
    this.#tellWaiting(tell);
    this.#letBodyGo();
    body?.release();
  }

  #letBodyGo(): void {
    if (!this.#isOver || this.#readers.size > 0) return;
    this.#body?.release();
    this.#body = undefined;
  }

  #tellWaiting(tell: (waiter: FillWaiter) => void): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) tell(waiter);
  }
}
