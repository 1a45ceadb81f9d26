/** Samples and stores for tests of what is kept outside of the instance. */
import { expect } from '@jest/globals';
import { metrics } from '@lb/shared/config/schema/metrics';
import {
  type PersistSettings,
  persistSettings,
} from '@lb/primary/internal/persist/persist-settings';
import {
  namesOf,
  type PastStep,
  type Sample,
  type SampleStore,
} from '@lb/primary/internal/persist/sample';
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

const NOON = Date.UTC(2026, 10, 26, 12);

/** Any store gives back as steps what it was given as samples: of one instance, and of one part alone. @param other another instance's, of one database */
export async function expectSteps(
  store: SampleStore,
  other: SampleStore,
  backend: { readonly pool: string; readonly backend: string },
): Promise<void> {
  const gauges = { connections: 5, cacheHitRate: 0.5 };
  await store.write(
    [
      sampleOf({}, NOON - 60_000, gauges),
      sampleOf({}, NOON - 10_000, { ...gauges, connections: 7, requests: 30, p50Ms: 6 }),
      sampleOf({}, NOON, { ...gauges, errors: 0 }),
      sampleOf({}, NOON + 1_000),
      sampleOf({ pool: backend.pool }, NOON),
      sampleOf(backend, NOON, { p50Ms: null, p95Ms: null, p99Ms: null, requests: 0 }),
    ],
    soon(),
  );
  await other.write([sampleOf({}, NOON)], soon());
  const question = { endMs: NOON, stepMs: 60_000, count: 2 };
  expect(sorted(await store.read({ ...question, part: {} }, soon()))).toEqual([
    {
      back: 0,
      seconds: 20,
      requests: 40,
      errors: 1,
      p50Ms: 5,
      p95Ms: 4,
      p99Ms: 8,
      connections: 6,
      inFlight: 3,
      cacheHitRate: 0.5,
    },
    expect.objectContaining({ back: 1, seconds: 10, requests: 10, connections: 5 }),
  ]);
  expect(await store.read({ ...question, part: backend }, soon())).toMatchObject([
    { back: 0, requests: 0, p50Ms: null },
  ]);
  expect(await store.read({ ...question, part: { route: 'x' } }, soon())).toEqual([]);
}
