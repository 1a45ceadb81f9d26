/**
 * The rolling restart: every worker is replaced by a new process, one place after the other, so that somebody accepts all the
 * time and there is never more than one process too many.
 *
 *     for each worker: fork its successor ─▶ it accepts ─▶ the worker drains ─▶ gone ─▶ the next
 *                                            └── it does not: stop here, all others stay
 */
import type { Supervisor } from './supervisor.ts';

/** A new worker that takes longer to accept connections has failed. */
const START_MS = 30_000;

/** What came of it. `replaced` counts processes. */
export type RollOutcome =
  | { readonly ok: true; readonly replaced: number }
  | { readonly ok: false; readonly replaced: number; readonly reason: string };

export interface RollOptions {
  readonly supervisor: Pick<Supervisor, 'workers' | 'replace'>;
  /** Why there can be none now, if so. */
  readonly refusal: () => string | undefined;
  /** What those that go may take for what they have in flight; asked for each. */
  readonly drainMs: () => number;
  /** Called once for each that was asked for. */
  readonly onOutcome: (outcome: RollOutcome) => void;
}

/** Replaces workers, one roll at a time. */
export class Roll {
  readonly #options: RollOptions;
  #isRolling = false;

  constructor(options: RollOptions) {
    this.#options = options;
  }

  /** Replaces every worker that is there now; a second one meanwhile is refused. Resolves when it is over. */
  async run(): Promise<void> {
    const { refusal, onOutcome } = this.#options;
    const reason = this.#isRolling ? 'a rolling restart is under way' : refusal();
    if (reason !== undefined) return onOutcome({ ok: false, replaced: 0, reason });
    this.#isRolling = true;
    try {
      onOutcome(await this.#replaceAll());
    } finally {
      this.#isRolling = false;
    }
  }

  async #replaceAll(): Promise<RollOutcome> {
    const { supervisor, drainMs, refusal } = this.#options;
    let replaced = 0;
    for (const { id, slot } of supervisor.workers) {
      const failure = await supervisor.replace(id, { startMs: START_MS, drainMs: drainMs() });
      const reason = failure === undefined ? refusal() : `worker ${slot}: ${failure}`;
      if (reason !== undefined) return { ok: false, replaced, reason };
      replaced += 1;
    }
    return { ok: true, replaced };
  }
}
