/**
 * The parts that operators work with, tied together:
 *
 *     admin ─▶ control ─▶ table ─▶ publisher, chronicle, drains
 */
import { join } from 'node:path';
import type { Logger } from '@lb/shared/logging/logger';
import type { BackendSnapshot, Effective } from '@lb/shared/model/snapshot';
import type { Registry } from '@lb/shared/store/registry';
import type { Clock } from '@lb/shared/time/clock';
import type { Chronicle } from '../events/chronicle.ts';
import { systemSchedule } from '../health/watch.ts';
import type { SnapshotPublisher } from '../snapshot/publisher.ts';
import { BackendControl } from './backend-control.ts';
import { DrainWatch } from './drain-watch.ts';
import { type Condition, effective, type Override } from './override.ts';
import { OverrideFile } from './override-file.ts';
import { OverrideTable } from './override-table.ts';
import { registryOverrides } from './registry-overrides.ts';

export interface OverridingOptions {
  /** Null when there is no folder that outlives the instance. */
  readonly stateDir: string | null;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The other parts; asked for when they are needed, because they need this one. */
export interface OverridingNeighbours {
  readonly publisher: () => SnapshotPublisher;
  readonly chronicle: () => Chronicle;
  readonly conditionOf: (slot: number) => Condition;
  readonly readmit: (slot: number, by: string) => void;
  /** Of all instances; undefined for one that is alone. */
  readonly registry: () => Registry | undefined;
  /** Over all workers. */
  readonly inFlight: (slot: number) => number;
}

export interface Overriding {
  readonly overrides: OverrideTable;
  readonly drains: DrainWatch;
  readonly control: BackendControl;
  /** What holds for a backend now, given as it is configured. */
  readonly effectiveOf: (pool: string, backend: BackendSnapshot) => Effective;
}

/** Builds them; a change goes to the workers first, then into events. */
export function buildOverriding(
  { stateDir, log, clock }: OverridingOptions,
  neighbours: OverridingNeighbours,
): Overriding {
  const { publisher, chronicle, conditionOf, readmit, inFlight, registry } = neighbours;
  const file = stateDir === null ? null : new OverrideFile(join(stateDir, 'overrides.json'));
  const wallMs = (): number => clock.wallMs();
  const drains = new DrainWatch({
    inFlight: (pool, backend) => {
      const slot = publisher().slotOf(pool, backend);
      return slot === undefined ? undefined : inFlight(slot);
    },
    settled: () => publisher().settled(),
    onEmpty: (pool, backend) => chronicle().drainEmpty(pool, backend),
  });
  const overrides = new OverrideTable({
    store: () => {
      const shared = registry();
      return shared === undefined ? file : registryOverrides(shared);
    },
    wallMs,
    schedule: systemSchedule,
    log,
    onChange: (changes) => {
      const configured = changes.flatMap(
        ({ pool, backend }) => publisher().slotOf(pool, backend) ?? [],
      );
      publisher().changedVersion(configured);
      for (const change of changes) chronicle().overridden(change);
      drains.follow(changes);
    },
  });
  const effectiveUnder = (
    { slot, weight }: BackendSnapshot,
    override: Override | undefined,
  ): Effective => effective(conditionOf(slot), override, weight);
  const control = new BackendControl({
    overrides,
    pools: () => publisher().pools,
    effectiveOf: effectiveUnder,
    readmit: ({ slot }, by) => readmit(slot, by),
    settled: () => publisher().settled(),
    wallMs,
  });
  const effectiveOf = (pool: string, backend: BackendSnapshot): Effective =>
    effectiveUnder(backend, overrides.of(pool, backend.name));
  return { overrides, drains, control, effectiveOf };
}
