/** Samples and stores for tests of what is kept outside of the instance. */
import { metrics } from '@lb/shared/config/schema/metrics';
import {
  type PersistSettings,
  persistSettings,
} from '@lb/primary/internal/persist/persist-settings';
import { namesOf, type PastStep, type Sample } from '@lb/primary/internal/persist/sample';
import type { Part } from '@lb/primary/internal/traffic/traffic';

/** Ten seconds with ten requests. */
export function sampleOf(part: Part, atMs: number, over: Partial<Sample> = {}): Sample {
  return {
    atMs,
    ...namesOf(part),
    seconds: 10,
    requests: 10,
    errors: 1,
    p50Ms: 2,
    p95Ms: 4,
    p99Ms: 8,
    bytesIn: null,
    bytesOut: null,
    inFlight: 3,
    connections: null,
    cacheHitRate: null,
    state: null,
    weight: null,
    ...over,
  };
}

/** @param section `metrics.persist` of lb.yaml */
export function settingsFor(
  section: object,
  files: ReadonlyMap<string, string> = new Map(),
): PersistSettings {
  const settings = persistSettings(metrics.parse({ persist: section }), files);
  if (settings === undefined) throw new Error('nothing is kept');
  return settings;
}

/** The latest first. */
export function sorted(steps: readonly PastStep[]): readonly PastStep[] {
  return [...steps].sort((left, right) => left.back - right.back);
}

export function soon(ms = 5_000): AbortSignal {
  return AbortSignal.timeout(ms);
}
