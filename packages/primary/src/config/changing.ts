/** Builds what changes a running instance as a whole: reloads and rolling restarts. */
import type { Chronicle } from '../events/chronicle.ts';
import type { Lifecycle, PrimaryOptions } from '../instance-parts.ts';
import type { ListenerSet } from '../listeners/listener-set.ts';
import { Roll } from '../workers/roll.ts';
import type { Supervisor } from '../workers/supervisor.ts';
import { Reloader } from './reload.ts';

/** What the rest of the instance does for it. */
export interface ChangingNeeds {
  readonly lifecycle: Lifecycle;
  readonly listeners: ListenerSet;
  readonly supervisor: Supervisor;
  readonly chronicle: Chronicle;
}

export interface Changing {
  readonly reloader: Reloader;
  readonly roll: Roll;
}

/** Builds them. */
export function buildChanging(
  { origin, first, clock }: PrimaryOptions,
  { lifecycle, listeners, supervisor, chronicle }: ChangingNeeds,
): Changing {
  const { refusal, apply } = lifecycle;
  const reloader = new Reloader({
    origin,
    first,
    listeners,
    wallMs: () => clock.wallMs(),
    refusal,
    apply,
    onOutcome: (outcome) => chronicle.reloaded(outcome),
  });
  const roll = new Roll({
    supervisor,
    refusal,
    drainMs: () => reloader.inForce.config.shutdown.drainTimeout,
    onOutcome: (outcome) => chronicle.rolled(outcome),
  });
  return { reloader, roll };
}
