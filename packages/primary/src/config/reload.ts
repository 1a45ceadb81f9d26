/**
 * Puts a new configuration in force while traffic flows, or changes nothing at all:
 *
 *     read ─▶ parse ─▶ bind new sockets ─▶ publish, close old sockets, offer new ones ─▶ wait for every worker ─▶ guard
 *        └───────┴──── refused: all errors ────┘                       ▲                                           │
 *                                                                      └───────── worse: the one before ◀──────────┘
 */
import type { PlannedChange } from '@lb/shared/admin-api/contract';
import { diffConfig, diffFiles, type ConfigChange } from '@lb/shared/config/diff';
import type { ConfigError } from '@lb/shared/config/parse';
import { touches, type Traffic } from '@lb/shared/config/touches';
import type { ListenerPlan, ListenerSet } from '../listeners/listener-set.ts';
import type { RequestHistory } from '../metrics/request-history.ts';
import { workerCountOf } from '../workers/worker-count.ts';
import type { ConfigOrigin, FileText, Loaded } from './config-origin.ts';
import { configError } from './config-origin.ts';
import type { GuardVerdict, ReloadGuard } from './reload-guard.ts';

interface Refused {
  readonly ok: false;
  readonly errors: readonly ConfigError[];
}

/** What came of a reload: one sentence a change, or everything that is wrong. */
export type ReloadOutcome =
  | {
      readonly ok: true;
      readonly changes: readonly string[];
      /** With a guard only. */
      readonly guard?: GuardVerdict;
    }
  | Refused;

/** What a reload would do, or everything that is wrong. */
export type PlanOutcome =
  { readonly ok: true; readonly changes: readonly PlannedChange[] } | Refused;

/** The configuration the instance works by. */
export interface ConfigInForce extends Loaded {
  /** Milliseconds since 1970. */
  readonly loadedAtMs: number;
  /** The last reload was refused or taken back: the file says something else. */
  readonly lastReloadFailed: boolean;
  /** Why the last reload was taken back by its guard; null when it was not. */
  readonly revertedBecause: string | null;
}

export interface ReloaderOptions {
  readonly origin: ConfigOrigin;
  readonly first: Loaded;
  readonly listeners: ListenerSet;
  readonly guard: ReloadGuard;
  readonly history: RequestHistory;
  /** For plans. */
  readonly traffic: Traffic;
  readonly wallMs: () => number;
  /** Why nothing can be changed now, if so; asked again after everything that takes time. */
  readonly refusal: () => string | undefined;
  /** Puts it in force and commits the plan; resolves when every worker works by it. */
  readonly apply: (loaded: Loaded, plan: ListenerPlan) => Promise<void>;
  /** Called once for every reload that was tried. */
  readonly onOutcome: (outcome: ReloadOutcome) => void;
  /** Called once for every guard that ended. */
  readonly onVerdict: (verdict: GuardVerdict) => void;
}

/** A configuration that can be put in force. */
interface Prepared {
  readonly ok: true;
  readonly loaded: Loaded;
  readonly plan: ListenerPlan;
  readonly changes: readonly ConfigChange[];
}

interface Applied {
  readonly ok: true;
  readonly changes: readonly string[];
  readonly verdict: Promise<GuardVerdict> | undefined;
}

/** Reloads, one at a time. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #inForce: ConfigInForce;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inForce = inForce(options.first, options.wallMs());
  }

  get inForce(): ConfigInForce {
    return this.#inForce;
  }

  /**
   * Reloads after the reloads that were asked for before. Never rejects for what the file says or a port that is taken.
   * @param guardMs watches traffic for so long, goes back when it gets worse, and resolves then; others need not wait for it
   */
  async reload(guardMs?: number): Promise<ReloadOutcome> {
    const outcome = await this.#inTurn(() => this.#reload(guardMs));
    if (!outcome.ok) return outcome;
    const { changes, verdict } = outcome;
    if (verdict === undefined) return { ok: true, changes };
    const guard = await verdict;
    this.#options.onVerdict(guard);
    return { ok: true, changes, guard };
  }

  /** Says what a reload would do, and changes nothing. @param candidate in place of the file */
  plan(candidate?: FileText): Promise<PlanOutcome> {
    return this.#inTurn(async () => {
      const noFile = candidate === undefined ? this.#noFile() : undefined;
      const refusal = this.#options.refusal() ?? noFile;
      if (refusal !== undefined) return this.#refused(refusal);
      const prepared = await this.#prepare(candidate);
      if (!prepared.ok) return prepared;
      const { listeners, traffic } = this.#options;
      listeners.discard(prepared.plan);
      const [before, after] = [this.#inForce.config, prepared.loaded.config];
      const workers = { before: workerCountOf(before), after: workerCountOf(after) };
      const changes = prepared.changes.map((change): PlannedChange => {
        const { path, text, needsRestart } = change;
        const touched = touches(change, { before, after, workers, traffic });
        return { path, text, needsRestart, touches: touched };
      });
      return { ok: true, changes };
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // Whoever asked gets the failure; the next one in line does not.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reload(guardMs: number | undefined): Promise<Applied | Refused> {
    const { guard, history, onOutcome } = this.#options;
    const refusal = this.#options.refusal() ?? this.#noFile();
    if (refusal !== undefined) return this.#refused(refusal);
    const prepared = await this.#prepare();
    const late = this.#options.refusal();
    if (late !== undefined) {
      if (prepared.ok) this.#options.listeners.discard(prepared.plan);
      return this.#refused(late);
    }
    if (!prepared.ok) {
      this.#inForce = { ...this.#inForce, lastReloadFailed: true };
      onOutcome(prepared);
      return prepared;
    }
    const before = this.#inForce;
    const traffic = history.recent();
    guard.end('superseded', 'another reload came');
    await this.#put(prepared, inForce(prepared.loaded, this.#options.wallMs()));
    const changes = prepared.changes.map(({ text, needsRestart }) =>
      needsRestart ? `${text} (takes effect at the next start)` : text,
    );
    onOutcome({ ok: true, changes });
    const goBack = (reason: string): Promise<GuardVerdict> =>
      this.#goBack(prepared.loaded, before, reason);
    const verdict =
      guardMs === undefined ? undefined : guard.watch({ guardMs, before: traffic, goBack });
    return { ok: true, changes, verdict };
  }

  /** Reads and binds; what is wrong is only told. */
  async #prepare(candidate?: FileText): Promise<Prepared | Refused> {
    const { origin } = this.#options;
    const loaded = candidate === undefined ? await origin.load() : origin.parse(candidate);
    if (!loaded.ok) return loaded;
    return this.#bind(loaded, candidate?.shown ?? origin.shown);
  }

  async #bind(loaded: Loaded, shown: string): Promise<Prepared | Refused> {
    const { config, files } = loaded;
    const { listeners } = this.#options;
    const prepared = await listeners.prepare(config.listeners, workerCountOf(config));
    if (!prepared.ok) {
      const errors = prepared.failures.map(({ index, message, hint }) =>
        configError(shown, `listeners[${index}].bind`, message, hint),
      );
      return { ok: false, errors };
    }
    const before = this.#inForce;
    const changes = [...diffConfig(before.config, config), ...diffFiles(before.files, files)];
    return { ok: true, loaded, plan: prepared.plan, changes };
  }

  async #put({ loaded, plan }: Prepared, next: ConfigInForce): Promise<void> {
    this.#inForce = next;
    await this.#options.apply(loaded, plan);
  }

  /** In turn like a reload: one that was asked for before is what somebody wants. */
  #goBack(from: Loaded, to: ConfigInForce, reason: string): Promise<GuardVerdict> {
    return this.#inTurn(async () => {
      const refusal = this.#options.refusal();
      if (refusal !== undefined) return { verdict: 'stopped', reason: refusal };
      if (this.#inForce.config !== from.config)
        return { verdict: 'superseded', reason: 'another reload came' };
      const prepared = await this.#bind(to, this.#options.origin.shown);
      if (!prepared.ok) {
        const faults = prepared.errors.map(({ message }) => message).join(', ');
        return { verdict: 'failed', reason: `${reason}; cannot go back: ${faults}` };
      }
      await this.#put(prepared, { ...to, lastReloadFailed: true, revertedBecause: reason });
      // The next one is not to be measured against what made this one go.
      this.#options.history.restart();
      return { verdict: 'reverted', reason };
    });
  }

  #noFile(): string | undefined {
    if (this.#options.origin.path !== null) return undefined;
    return 'started with --listen and --to: there is no file to reload';
  }

  #refused(message: string): Refused {
    return { ok: false, errors: [configError(this.#options.origin.shown, '', message)] };
  }
}

function inForce(loaded: Loaded, loadedAtMs: number): ConfigInForce {
  return { ...loaded, loadedAtMs, lastReloadFailed: false, revertedBecause: null };
}
