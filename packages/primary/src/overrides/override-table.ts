/**
 * What operators changed about backends at run time, by pool and name: it knows nothing of the configuration, so it outlives
 * reloads, and what is said of a backend that is not there waits for it.
 *
 *     set, clear ─▶ entries ─▶ onChange ─▶ workers, events, gauges
 *      load, replace ─┘ │
 *                       └────▶ store
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@lb/shared/logging/logger';
import type { Schedule } from '../health/watch.ts';
import { factsOf, overrideAt, parseOverride, type Override } from './override.ts';
import type { OverrideStore } from './override-store.ts';

/** A longer timer would run at once. @see setTimeout in Node's documentation */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The override of a backend became another one. */
export interface OverrideChange {
  readonly pool: string;
  readonly backend: string;
  readonly before: Override | undefined;
  readonly after: Override | undefined;
  /** Who or what changed it. */
  readonly by: string;
}

export interface OverrideTableOptions {
  /** Where they are kept now; null when there is no place that outlives the instance. */
  readonly store: () => OverrideStore | null;
  readonly wallMs: () => number;
  readonly schedule: Schedule;
  /** Called before the call that changed something returns, or when a deadline passes; never by load. */
  readonly onChange: (changes: readonly OverrideChange[]) => void;
  readonly log: Logger;
}

/** An entry of the table. */
export interface OverrideEntry {
  readonly pool: string;
  readonly backend: string;
  readonly override: Override;
}

/** What is in force here is right even when the store cannot keep it: whoever asks for a change is told so. */
export class OverrideTable {
  readonly #options: OverrideTableOptions;
  readonly #entries = new Map<string, Override>();
  /** Fields that the store does not have as they are here, with the number of the write that should change that. */
  readonly #unsaved = new Map<string, number>();
  /** Those of them whose write has failed, with the time of the change. */
  readonly #missed = new Map<string, number>();
  /** Values that were no overrides; each is complained about once. */
  #ignored: ReadonlyMap<string, string> = new Map();
  #writes = 0;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(options: OverrideTableOptions) {
    this.#options = options;
  }

  /** Why changes do not outlive this instance, or undefined when they do. */
  get warning(): string | undefined {
    return this.#options.store() === null
      ? 'kept until this instance stops: stateDir is not set, nor is $STATE_DIRECTORY'
      : undefined;
  }

  /** Every override, sorted by pool and backend. */
  get entries(): readonly OverrideEntry[] {
    const fields = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1));
    return fields.map(([field, override]) => ({ ...namesOf(field), override }));
  }

  /** What was said of a backend. */
  of(pool: string, backend: string): Override | undefined {
    return this.#entries.get(fieldOf(pool, backend));
  }

  /** Takes over what is stored; what cannot be read is said in the log and stops nothing. */
  async load(): Promise<void> {
    const { log, wallMs } = this.#options;
    const store = this.#options.store();
    if (store === null) return;
    let stored: ReadonlyMap<string, string>;
    try {
      stored = await store.load();
    } catch (error) {
      log.warn({ err: error }, 'overrides could not be read');
      return;
    }
    for (const [field, override] of this.#parsed(stored))
      this.#entries.set(field, overrideAt(override, wallMs()));
    this.#arm();
    const { size } = this.#entries;
    if (size > 0) log.info({ overrides: size }, 'overrides of before are in force');
  }

  /**
   * Puts an override in force at once, or takes it away, and resolves when it is stored: to why it is not kept, if so.
   * @param by who wants it
   */
  async set(
    pool: string,
    backend: string,
    override: Override | undefined,
    by: string,
  ): Promise<string | undefined> {
    const field = fieldOf(pool, backend);
    this.#apply([[field, override]], () => by);
    return this.#store(field);
  }

  /** Takes every override away at once; resolves like set(). `cleared` counts those of the store that were not here yet too. */
  async clear(by: string): Promise<{ readonly cleared: number; readonly warning?: string }> {
    const fields = [...this.#entries.keys()];
    this.#apply(
      fields.map((field) => [field, undefined]),
      () => by,
    );
    let cleared = fields.length;
    const warning = await this.#keep(fields, async (store) => {
      cleared = Math.max(cleared, await store.clear());
    });
    return warning === undefined ? { cleared } : { cleared, warning };
  }

  /**
   * Takes over what all instances share now. What was changed here and is not stored yet stays as it is here; what could not
   * be stored is stored now, unless somebody changed it later.
   */
  replace(stored: ReadonlyMap<string, string>): void {
    const wanted = this.#parsed(stored);
    this.#catchUp(wanted);
    const fields = new Set([...this.#entries.keys(), ...wanted.keys()]);
    const changes = [...fields]
      .filter((field) => !this.#unsaved.has(field))
      .map((field): Change => [field, wanted.get(field)]);
    this.#apply(changes, (after) => after?.by ?? 'another instance');
  }

  /** Stops the timer, and resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#lastWrite;
  }

  #apply(changes: readonly Change[], byWhom: (after: Override | undefined) => string): void {
    const { wallMs, onChange } = this.#options;
    const made: OverrideChange[] = [];
    for (const [field, override] of changes) {
      const before = this.#entries.get(field);
      const after = override && overrideAt(override, wallMs());
      if (isDeepStrictEqual(before, after)) continue;
      if (after === undefined) this.#entries.delete(field);
      else this.#entries.set(field, after);
      made.push({ ...namesOf(field), before, after, by: byWhom(after) });
    }
    if (made.length === 0) return;
    this.#arm();
    onChange(made);
  }

  /** One timer, for the deadline that comes first. */
  #arm(): void {
    const { schedule, wallMs } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const deadlines = [...this.#entries.values()].flatMap(({ state, deadlineMs }) =>
      state === 'drain' && deadlineMs !== null ? [deadlineMs] : [],
    );
    if (deadlines.length === 0) return;
    const delayMs = Math.max(0, Math.min(...deadlines) - wallMs());
    this.#cancelTimer = schedule(Math.min(delayMs, LONGEST_TIMER_MS), () => {
      this.#apply([...this.#entries], () => 'the deadline of its drain');
      // Nothing was due when the clock was set back meanwhile, or the deadline is beyond the longest timer.
      this.#arm();
    });
  }

  #catchUp(stored: ReadonlyMap<string, Override>): void {
    for (const [field, changedMs] of this.#missed) {
      this.#missed.delete(field);
      const theirs = stored.get(field);
      if (theirs !== undefined && theirs.sinceMs > changedMs) this.#unsaved.delete(field);
      else void this.#store(field);
    }
  }

  /** Writes down what holds for a backend now. */
  #store(field: string): Promise<string | undefined> {
    const override = this.#entries.get(field);
    const text = override === undefined ? null : JSON.stringify(factsOf(override));
    return this.#keep([field], (store) => store.set(field, text));
  }

  /** Writes after all writes before. Returns why it could not, for whoever asked. */
  async #keep(
    fields: readonly string[],
    write: (store: OverrideStore) => Promise<void>,
  ): Promise<string | undefined> {
    const { log, wallMs } = this.#options;
    const store = this.#options.store();
    if (store === null) return this.warning;
    const number = ++this.#writes;
    const changedMs = wallMs();
    for (const field of fields) {
      this.#unsaved.set(field, number);
      this.#missed.delete(field);
    }
    const writing = this.#lastWrite.then(() => write(store));
    this.#lastWrite = writing.catch(() => undefined);
    try {
      await writing;
    } catch (error) {
      log.warn({ err: error }, 'overrides could not be stored');
      for (const field of fields) {
        if (this.#unsaved.get(field) === number) this.#missed.set(field, changedMs);
      }
      return `not stored yet: ${error instanceof Error ? error.message : String(error)}`;
    }
    for (const field of fields) {
      if (this.#unsaved.get(field) === number) this.#unsaved.delete(field);
    }
    return undefined;
  }

  #parsed(stored: ReadonlyMap<string, string>): Map<string, Override> {
    const overrides = new Map<string, Override>();
    const ignored = new Map<string, string>();
    for (const [field, text] of stored) {
      const override = parseOverride(text);
      if (override === undefined) ignored.set(field, text);
      else overrides.set(field, override);
    }
    for (const [field, text] of ignored) {
      if (this.#ignored.get(field) !== text)
        this.#options.log.warn({ field }, 'stored override is none, and ignored');
    }
    this.#ignored = ignored;
    return overrides;
  }
}

type Change = readonly [field: string, override: Override | undefined];

/** Names of pools have no slash; those of backends may. */
function fieldOf(pool: string, backend: string): string {
  return `${pool}/${backend}`;
}

function namesOf(field: string): { pool: string; backend: string } {
  const slash = field.indexOf('/');
  return { pool: field.slice(0, Math.max(0, slash)), backend: field.slice(slash + 1) };
}
