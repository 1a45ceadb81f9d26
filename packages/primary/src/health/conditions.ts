/**
 * What is known of the condition of backends, by probes and by real traffic, tied together:
 *
 *     probes ─▶ health ──┐
 *                        ├─▶ publisher, chronicle ─▶ poolChanged ─▶ outliers, panic
 *     workers ─▶ outliers┘
 */
import type { BackendSnapshot, Effective } from '@lb/shared/model/snapshot';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import type { Chronicle } from '../events/chronicle.ts';
import { OutlierMonitor } from '../outliers/outlier-monitor.ts';
import { PanicWatch } from '../outliers/panic-watch.ts';
import type { Condition } from '../overrides/override.ts';
import type { SnapshotPublisher } from '../snapshot/publisher.ts';
import { HealthMonitor } from './health-monitor.ts';

export interface ConditionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The other parts; asked for when they are needed, because they need this one. */
export interface ConditionsNeighbours {
  readonly publisher: () => SnapshotPublisher;
  readonly chronicle: () => Chronicle;
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
}

export interface Conditions {
  readonly health: HealthMonitor;
  readonly outliers: OutlierMonitor;
  readonly panic: PanicWatch;
  /** A backend that is down need not be ejected. */
  readonly conditionOf: (slot: number) => Condition;
  /** What holds for backends of this pool may be something else now. */
  readonly poolChanged: (pool: string) => void;
}

/** Builds them; a change goes to the workers first, then into events. */
export function buildConditions(
  options: ConditionsOptions,
  { publisher, chronicle, effectiveOf }: ConditionsNeighbours,
): Conditions {
  const { clock, random, log } = options;
  const health = new HealthMonitor({
    clock,
    random,
    log,
    onChange: (change) => {
      publisher().changed([change.slot]);
      chronicle().healthChanged(change);
      if (change.from === 'down' && change.to === 'up') outliers.recovered(change.slot);
    },
    onProbe: (event) => chronicle().probed(event),
  });
  const outliers = new OutlierMonitor({
    clock,
    effectiveOf,
    onChange: (change) => {
      publisher().changed([change.slot]);
      chronicle().ejected(change);
      if (change.ejected !== null) health.doubt(change.slot);
    },
    onSuppressed: (spared) => {
      publisher().changed([spared.slot]);
      chronicle().spared(spared);
    },
  });
  const panic = new PanicWatch({
    pools: () => publisher().pools,
    effectiveOf,
    onChange: (pool, isPanicking) => chronicle().panicked(pool, isPanicking),
  });
  const conditionOf = (slot: number): Condition => {
    const state = health.stateOf(slot);
    return state !== 'down' && outliers.isEjected(slot) ? 'ejected' : state;
  };
  const poolChanged = (pool: string): void => {
    outliers.relieve(pool);
    panic.changed(pool);
  };
  return { health, outliers, panic, conditionOf, poolChanged };
}
