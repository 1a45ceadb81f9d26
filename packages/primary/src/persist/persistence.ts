/**
 * Keeps samples of the instance in a database, when the configuration names one, and gives them back.
 *
 *     step, once a second ── an interval is over ──▶ sampler ─▶ writer ─▶ store
 *                                        past(), when asked ◀───────────────┘
 *
 * Nothing here waits for the database but past(), and that only as long as it is told to.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { Clock, Random } from '@lb/shared/time/clock';
import { InfluxStore } from './influx/influx-store.ts';
import type { PersistSettings } from './persist-settings.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { PersistError, type PastQuestion, type PastStep, type SampleStore } from './sample.ts';
import { SampleWriter, type SampleWriterHooks } from './sample-writer.ts';
import type { Sampler } from './sampler.ts';

/** Whoever asks for the past does not wait longer. */
const READ_MS = 2_000;

export interface PersistenceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly sampler: Pick<Sampler, 'start' | 'stop' | 'take'>;
  readonly hooks: SampleWriterHooks;
  readonly hostname: string;
  /** Stays the same over restarts, and tells instances of one host apart. */
  readonly mark: string;
}

interface Kept {
  readonly settings: PersistSettings;
  readonly store: SampleStore;
  readonly writer: SampleWriter;
}

export class Persistence {
  readonly #options: PersistenceOptions;
  #kept: Kept | undefined;
  /** Those that were replaced and write what is left. */
  readonly #closing = new Set<Promise<void>>();
  /** Of the wall clock: which interval is under way, and since when it is, by the monotonic one. */
  #interval = 0;
  #sinceMs = 0;

  constructor(options: PersistenceOptions) {
    this.#options = options;
  }

  /** Null while nothing is kept. */
  get state(): StatusReply['persist'] {
    if (this.#kept === undefined) return null;
    const { settings, writer } = this.#kept;
    const { reason, queued } = writer;
    const up = reason === undefined ? null : reason === null;
    return { type: settings.type, up, reason: reason ?? null, queued };
  }

  /** Length of an interval; undefined while nothing is kept. */
  get intervalMs(): number | undefined {
    return this.#kept?.settings.intervalMs;
  }

  /** Takes over what a configuration says; nothing happens when it says the same. */
  follow(settings: PersistSettings | undefined): void {
    const before = this.#kept;
    if (isDeepStrictEqual(settings, before?.settings)) return;
    if (before !== undefined) {
      this.#takeLast();
      this.#leave(before);
    }
    this.#kept = settings === undefined ? undefined : this.#open(settings);
    if (settings === undefined) this.#options.sampler.stop();
    else if (before === undefined) this.#options.sampler.start();
    this.#begin();
  }

  /** Its owner calls it once a second, after the traffic of that second was counted. */
  step(): void {
    if (this.#kept === undefined) return;
    const interval = this.#currentInterval();
    if (interval !== this.#interval) this.#take(interval * this.#kept.settings.intervalMs);
  }

  /**
   * Steps of the past that have a sample. Counts from when it is asked, whoever else asks.
   * @throws PersistError when there is no database, it is away, or does not answer in time
   */
  async past(question: PastQuestion): Promise<readonly PastStep[]> {
    if (this.#kept === undefined) throw new PersistError('nothing is kept');
    const { store, writer } = this.#kept;
    if (typeof writer.reason === 'string') throw new PersistError(writer.reason);
    return store.read(question, AbortSignal.timeout(READ_MS));
  }

  /** Takes a last sample, and waits about a second for what is left to be written. */
  async close(): Promise<void> {
    if (this.#kept !== undefined) {
      this.#takeLast();
      this.#leave(this.#kept);
      this.#kept = undefined;
      this.#options.sampler.stop();
    }
    await Promise.all(this.#closing);
  }

  #open(settings: PersistSettings): Kept {
    const { clock, random, hooks, hostname, mark } = this.#options;
    hooks.onQueue(0);
    const instance = settings.instance ?? `${hostname}:${shortHash(mark)}`;
    const store =
      settings.type === 'postgres'
        ? new PostgresStore({ settings, instance, clock })
        : new InfluxStore(settings, instance);
    return { settings, store, writer: new SampleWriter(store, { random, hooks }) };
  }

  #leave({ writer }: Kept): void {
    const closing = writer.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #begin(): void {
    this.#interval = this.#currentInterval();
    this.#sinceMs = this.#options.clock.monotonicMs();
  }

  /** In the middle of an interval. It must not have the moment of the one before, since there is one sample of a moment. */
  #takeLast(): void {
    this.#take(this.#options.clock.wallMs());
  }

  #take(atMs: number): void {
    const { clock, sampler } = this.#options;
    const seconds = (clock.monotonicMs() - this.#sinceMs) / 1_000;
    this.#begin();
    this.#kept?.writer.offer(sampler.take({ atMs, seconds }));
  }

  #currentInterval(): number {
    const { intervalMs = 1_000 } = this.#kept?.settings ?? {};
    return Math.floor(this.#options.clock.wallMs() / intervalMs);
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
