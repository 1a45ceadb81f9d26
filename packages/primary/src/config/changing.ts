/** Builds what changes a running instance as a whole: reloads, their guard, and rolling restarts. */
import type { Chronicle } from '../events/chronicle.ts';
import type { Lifecycle, PrimaryOptions } from '../instance-parts.ts';
import type { ListenerSet } from '../listeners/listener-set.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import { RequestHistory } from '../metrics/request-history.ts';
import type { SnapshotPublisher } from '../snapshot/publisher.ts';
import type { LoadExchange } from '../workers/load-exchange.ts';
import { Roll } from '../workers/roll.ts';
import type { Supervisor } from '../workers/supervisor.ts';
import { Reloader } from './reload.ts';
import { ReloadGuard } from './reload-guard.ts';

/** What the rest of the instance does for it. */
export interface ChangingNeeds {
  readonly lifecycle: Lifecycle;
  readonly listeners: ListenerSet;
  readonly supervisor: Supervisor;
  readonly chronicle: Chronicle;
  readonly metrics: MetricsAggregate;
  readonly publisher: SnapshotPublisher;
  readonly load: LoadExchange;
}

export interface Changing {
  readonly reloader: Reloader;
  readonly roll: Roll;
  readonly history: RequestHistory;
  readonly guard: ReloadGuard;
}

/** Builds them. */
export function buildChanging(
  { origin, first, clock }: PrimaryOptions,
  { lifecycle, listeners, supervisor, chronicle, metrics, publisher, load }: ChangingNeeds,
): Changing {
  const { refusal, apply } = lifecycle;
  const history = new RequestHistory(metrics);
  const guard = new ReloadGuard({ clock, history });
  const traffic = {
    inFlight: (pool: string, backend: string) => {
      const slot = publisher.slotOf(pool, backend);
      return slot === undefined ? 0 : load.inFlight(slot);
    },
    connections: (listener: string) => load.connections(listener),
  };
  const reloader = new Reloader({
    origin,
    first,
    listeners,
    guard,
    history,
    traffic,
    wallMs: () => clock.wallMs(),
    refusal,
    apply,
    onOutcome: (outcome) => chronicle.reloaded(outcome),
    onVerdict: (verdict) => chronicle.guarded(verdict),
  });
  const roll = new Roll({
    supervisor,
    refusal,
    drainMs: () => reloader.inForce.config.shutdown.drainTimeout,
    onOutcome: (outcome) => chronicle.rolled(outcome),
  });
  return { reloader, roll, history, guard };
}
