/**
 * Puts a new configuration in force while traffic flows, or changes nothing at all:
 *
 *     read ─▶ parse ─▶ bind new sockets ─▶ publish, close old sockets, offer new ones ─▶ wait for every worker
 *        └───────┴──── refused: all errors ────┘
 */
import { diffConfig, diffFiles } from '@lb/shared/config/diff';
import type { ConfigError } from '@lb/shared/config/parse';
import type { Config } from '@lb/shared/config/schema/root';
import type { ConfigFiles } from '@lb/shared/model/backend-tls';
import type { ListenerPlan, ListenerSet } from '../listeners/listener-set.ts';
import { workerCountOf } from '../workers/worker-count.ts';
import type { ConfigOrigin, Loaded } from './config-origin.ts';
import { configError } from './config-origin.ts';

/** What came of a reload: one sentence a change, or everything that is wrong. */
export type ReloadOutcome =
  | { readonly ok: true; readonly changes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** The configuration the instance works by. */
export interface ConfigInForce {
  readonly config: Config;
  readonly hash: string;
  readonly written: unknown;
  readonly files: ConfigFiles;
  /** Milliseconds since 1970. */
  readonly loadedAtMs: number;
  readonly lastReloadFailed: boolean;
}

export interface ReloaderOptions {
  readonly origin: ConfigOrigin;
  readonly first: Loaded;
  readonly listeners: ListenerSet;
  readonly wallMs: () => number;
  /** Why nothing can be changed now, if so; asked again after everything that takes time. */
  readonly refusal: () => string | undefined;
  /** Puts it in force and commits the plan; resolves when every worker works by it. */
  readonly apply: (loaded: Loaded, plan: ListenerPlan) => Promise<void>;
  /** Called once for every reload that was tried. */
  readonly onOutcome: (outcome: ReloadOutcome) => void;
}

/** The admin server, the logger and what is kept over a restart are built once, from what the file said then. */
const READ_AT_START: readonly string[] = ['admin.token', 'log.format', 'stateDir'];

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

  /** Reloads after the reloads that were asked for before. Never rejects for what the file says or a port that is taken. */
  reload(): Promise<ReloadOutcome> {
    const turn = this.#last.then(() => this.#reload());
    // Whoever asked gets the failure; the next one in line does not.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reload(): Promise<ReloadOutcome> {
    const { origin, listeners, wallMs, apply, onOutcome } = this.#options;
    const refusal = this.#options.refusal() ?? this.#noFile();
    if (refusal !== undefined) return this.#refused(refusal);
    const loaded = await origin.load();
    if (!loaded.ok) return this.#failed(loaded.errors);
    const prepared = await listeners.prepare(loaded.config.listeners, workerCountOf(loaded.config));
    if (!prepared.ok) {
      return this.#failed(
        prepared.failures.map(({ index, message, hint }) =>
          configError(origin.shown, `listeners[${index}].bind`, message, hint),
        ),
      );
    }
    const late = this.#options.refusal();
    if (late !== undefined) {
      listeners.discard(prepared.plan);
      return this.#refused(late);
    }
    const { config, files } = this.#inForce;
    const changes = [...diffConfig(config, loaded.config), ...diffFiles(files, loaded.files)].map(
      ({ path, text, needsRestart }) =>
        needsRestart || READ_AT_START.includes(path)
          ? `${text} (takes effect at the next start)`
          : text,
    );
    this.#inForce = inForce(loaded, wallMs());
    await apply(loaded, prepared.plan);
    const outcome = { ok: true, changes } as const;
    onOutcome(outcome);
    return outcome;
  }

  #noFile(): string | undefined {
    if (this.#options.origin.path !== null) return undefined;
    return 'started with --listen and --to: there is no file to reload';
  }

  #refused(message: string): ReloadOutcome {
    return { ok: false, errors: [configError(this.#options.origin.shown, '', message)] };
  }

  #failed(errors: readonly ConfigError[]): ReloadOutcome {
    this.#inForce = { ...this.#inForce, lastReloadFailed: true };
    const outcome = { ok: false, errors } as const;
    this.#options.onOutcome(outcome);
    return outcome;
  }
}

function inForce({ config, hash, written, files }: Loaded, loadedAtMs: number): ConfigInForce {
  return { config, hash, written, files, loadedAtMs, lastReloadFailed: false };
}
