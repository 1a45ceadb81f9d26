/**
 * Brings samples into a database, and waits for it where nobody else has to.
 *
 *     offer ─▶ queue ── a batch ──▶ store        written: the next batch at once
 *                ▲                    │          refused: it is given up, and counted
 *                └─── back again ─────┘          failed:  again after a while, which doubles, up to 30 s
 *
 * What the queue has no room for is dropped, the oldest first.
 */
import type { PersistOutcome } from '@lb/shared/metrics/catalog';
import type { Random } from '@lb/shared/time/clock';
import { PersistError, type Sample, type SampleStore } from './sample.ts';

/** Samples that wait: about 15 MB. Ten backends behind one route, every 10 s, are 10 hours. */
export const QUEUE_SAMPLES = 50_000;

/** One statement, one request: about 75 KB, and some milliseconds of the event loop. */
const BATCH_SAMPLES = 500;

/** A database that takes longer has failed. */
const WRITE_MS = 5_000;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

/** What is left at the end gets this long. */
const CLOSE_MS = 1_000;

/** The database is there, or is not. */
export interface PersistChange {
  /** Why it is away; null when it takes samples. */
  readonly reason: string | null;
  /** Nothing was known of it before. */
  readonly isFirst: boolean;
  /** Samples that there was no room for since the last change. */
  readonly dropped: number;
}

/** Told until the writer is closed, but for onSamples. */
export interface SampleWriterHooks {
  /** Said with the first write, and then once for each change. */
  onChange(change: PersistChange): void;
  /** The database began to refuse samples; said again when it took some in between. */
  onRefusal(reason: string): void;
  onSamples(outcome: PersistOutcome, count: number): void;
  onQueue(samples: number): void;
}

export interface SampleWriterOptions {
  readonly random: Random;
  readonly hooks: SampleWriterHooks;
}

export class SampleWriter {
  readonly #store: SampleStore;
  readonly #options: SampleWriterOptions;
  readonly #cut = new AbortController();
  /** The oldest first; what is being written is not in it. */
  #queue: Sample[] = [];
  /** Of the write that is under way. */
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #isRefusing = false;
  #reason: string | null | undefined;
  /** Since the last change. */
  #dropped = 0;
  #isClosed = false;

  /** Its owner closes it, and the store with it. */
  constructor(store: SampleStore, options: SampleWriterOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Why the database is away; null when it is not, undefined before the first write. */
  get reason(): string | null | undefined {
    return this.#reason;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Returns at once. */
  offer(samples: readonly Sample[]): void {
    if (this.#isClosed) return;
    // Not in one call with that many arguments.
    this.#queue = this.#queue.concat(samples);
    this.#trim();
    if (this.#retry === undefined) this.#writing ??= this.#writeAll();
  }

  /** Writes what is left, if that can be done in a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const timer = setTimeout(() => this.#cut.abort(), CLOSE_MS);
    await this.#writing;
    await this.#writeAll();
    clearTimeout(timer);
    this.#drop(this.#queue.length);
    await this.#store.close();
  }

  /** Until nothing is left, or a write failed. */
  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#cut.signal.aborted) {
      const batch = this.#queue.splice(0, BATCH_SAMPLES);
      const error = await this.#write(batch);
      if (error === undefined) this.#written(batch.length);
      else if (error.isRefusal) this.#refused(batch.length, error.message);
      else {
        this.#queue = batch.concat(this.#queue);
        this.#failed(error.message);
        break;
      }
    }
    this.#writing = undefined;
    this.#tellQueue();
  }

  async #write(batch: readonly Sample[]): Promise<PersistError | undefined> {
    const signal = AbortSignal.any([AbortSignal.timeout(WRITE_MS), this.#cut.signal]);
    try {
      await this.#store.write(batch, signal);
      return undefined;
    } catch (error) {
      if (error instanceof PersistError) return error;
      throw error;
    }
  }

  #written(count: number): void {
    this.#failures = 0;
    this.#isRefusing = false;
    this.#options.hooks.onSamples('written', count);
    this.#say(null);
  }

  #refused(count: number, reason: string): void {
    this.#failures = 0;
    this.#options.hooks.onSamples('rejected', count);
    if (!this.#isRefusing && !this.#isClosed) this.#options.hooks.onRefusal(reason);
    this.#isRefusing = true;
    this.#say(null);
  }

  #failed(reason: string): void {
    const { random } = this.#options;
    this.#say(reason);
    this.#trim();
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures++;
    if (this.#isClosed) return;
    // Not all instances at once.
    this.#retry = setTimeout(() => this.#again(), delayMs * (0.5 + random() / 2));
  }

  #again(): void {
    this.#retry = undefined;
    this.#writing ??= this.#writeAll();
  }

  #trim(): void {
    this.#drop(this.#queue.length - QUEUE_SAMPLES);
    this.#tellQueue();
  }

  #tellQueue(): void {
    if (!this.#isClosed) this.#options.hooks.onQueue(this.#queue.length);
  }

  #drop(count: number): void {
    if (count <= 0) return;
    this.#queue.splice(0, count);
    this.#dropped += count;
    this.#options.hooks.onSamples('dropped', count);
  }

  #say(reason: string | null): void {
    const before = this.#reason;
    this.#reason = reason;
    const isFirst = before === undefined;
    if (this.#isClosed || (!isFirst && (before === null) === (reason === null))) return;
    this.#options.hooks.onChange({ reason, isFirst, dropped: this.#dropped });
    this.#dropped = 0;
  }
}
