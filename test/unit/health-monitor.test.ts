import { describe, expect, test } from '@jest/globals';
import {
  HealthMonitor,
  type HealthMonitorOptions,
} from '@lb/primary/internal/health/health-monitor';
import type { ProbeResult } from '@lb/primary/internal/health/probes/probe';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import { seededRandom } from '@lb/shared/time/clock';
import { pino } from 'pino';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { Timeline } from '../support/timeline.ts';

const OK: ProbeResult = { ok: true, ms: 1, detail: 'status 200' };
const REFUSED: ProbeResult = { ok: false, ms: 1, detail: 'connection refused' };

function poolOf(
  name: string,
  count: number,
  healthCheck: object = {},
  firstSlot = 0,
): PoolSnapshot {
  const urls = Array.from({ length: count }, (_, index) => `http://127.0.0.1:${9001 + index}`);
  const parsed = poolSchema.parse({ backends: urls, healthCheck });
  const backends = parsed.backends.map((backend, index) => ({
    ...backend,
    name: `b${index}`,
    slot: firstSlot + index,
    state: 'unknown' as const,
  }));
  return { ...parsed, name, tls: DEFAULT_TLS, backends };
}

/** A monitor on hand-moved time whose probes answer what `answer` says. */
function arrange(options: Partial<HealthMonitorOptions> = {}) {
  const time = new Timeline();
  const world = { answer: OK, startedAtMs: [] as number[], probed: [] as string[] };
  const changes: string[] = [];
  const monitor = new HealthMonitor({
    clock: time,
    random: seededRandom(1),
    log: pino({ level: 'silent' }),
    onChange: ({ slot, from, to, reason }) => changes.push(`${slot} ${from}>${to}: ${reason}`),
    onProbe: () => undefined,
    schedule: time.schedule,
    probe: ({ address }) => {
      world.startedAtMs.push(time.monotonicMs());
      world.probed.push(address.name);
      return Promise.resolve(world.answer);
    },
    ...options,
  });
  return { time, world, changes, monitor };
}

/** A probe that is settled by hand. */
function heldProbe() {
  const held: ((result: ProbeResult) => void)[] = [];
  const signals: AbortSignal[] = [];
  const probe: NonNullable<HealthMonitorOptions['probe']> = (_target, { signal }) => {
    if (signal !== undefined) signals.push(signal);
    return new Promise((resolve) => held.push(resolve));
  };
  return { held, signals, probe };
}

describe('health monitor with probes', () => {
  test('a backend is unknown until its first probe, which counts at once', async () => {
    const { monitor, time, changes } = arrange();
    monitor.update([poolOf('web', 1)]);
    expect(monitor.stateOf(0)).toBe('unknown');
    await time.advance(10);
    expect(monitor.stateOf(0)).toBe('up');
    expect(changes).toEqual(['0 unknown>up: first probe passed: status 200']);
  });

  test('goes down after fall failures and says why', async () => {
    const { monitor, time, world, changes } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    world.answer = REFUSED;
    await time.advance(20_000);
    expect(changes.at(-1)).toBe('0 up>down: 3 probes in a row failed: connection refused');
  });

  test('probes at the interval give or take 20 %', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(300_000);
    const gaps = world.startedAtMs
      .slice(1)
      .map((at, index) => at - (world.startedAtMs[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(40);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6_000);
    expect(new Set(gaps).size).toBeGreaterThan(20);
  });

  test('the first probes of hundreds of backends are spread, and done within a second', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 500)]);
    await time.advance(1_000);
    const perMs = new Map<number, number>();
    for (const at of world.startedAtMs)
      perMs.set(Math.floor(at), (perMs.get(Math.floor(at)) ?? 0) + 1);
    expect(world.startedAtMs).toHaveLength(500);
    expect(Math.max(...perMs.values())).toBeLessThan(10);
  });

  test('at most one probe of a backend is in flight', async () => {
    const { probe, held } = heldProbe();
    const { monitor, time } = arrange({ probe });
    monitor.update([poolOf('web', 1)]);
    await time.advance(60_000);
    expect(held).toHaveLength(1);
  });

  test('the same url in two pools is probed for each', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 1), poolOf('api', 1, {}, 1)]);
    await time.advance(100);
    expect(world.probed).toEqual(['127.0.0.1:9001', '127.0.0.1:9001']);
  });

  test('keeps how the last 60 probes ended, and what the last one said', async () => {
    const { monitor, time } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(600_000);
    expect(monitor.recentProbes(0)).toEqual(Array(60).fill(true));
    expect(monitor.describe(0).lastProbe).toMatchObject({ ok: true, detail: 'status 200' });
  });

  test('goes on after a probe that broke its promise', async () => {
    let calls = 0;
    const probe = (): Promise<ProbeResult> =>
      (calls += 1) === 1 ? Promise.reject(new Error('bug')) : Promise.resolve(OK);
    const { monitor, time } = arrange({ probe });
    monitor.update([poolOf('web', 1)]);
    await time.advance(10_000);
    expect(monitor.stateOf(0)).toBe('up');
  });
});

describe('health monitor over a reload', () => {
  test('an unchanged backend keeps its counters and its timer', async () => {
    const { monitor, time, world, changes } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    world.answer = REFUSED;
    for (let reload = 0; reload < 18; reload += 1) {
      monitor.update([poolOf('web', 1)]);
      await time.advance(1_000);
    }
    expect(world.probed.length).toBeLessThan(7);
    expect(changes.at(-1)).toMatch('up>down: 3 probes in a row failed');
  });

  test('a changed health check keeps the state until its first result, which counts at once', async () => {
    const { monitor, time, world, changes } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    world.answer = REFUSED;
    monitor.update([poolOf('web', 1, { path: '/other' })]);
    expect(monitor.stateOf(0)).toBe('up');
    await time.advance(10);
    expect(changes.at(-1)).toBe('0 up>down: first probe failed: connection refused');
  });

  test('a removed backend is no longer probed, and its probe in flight is ended', async () => {
    const { probe, signals } = heldProbe();
    const { monitor, time } = arrange({ probe });
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    monitor.update([]);
    await time.advance(60_000);
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(time.pending).toBe(0);
  });

  test('a slot that another backend took starts from nothing', async () => {
    const { monitor, time } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    monitor.update([poolOf('api', 1)]);
    expect(monitor.stateOf(0)).toBe('unknown');
    expect(monitor.recentProbes(0)).toEqual([]);
  });

  test('switching probes off gives a backend that was down back', async () => {
    const { monitor, time, world, changes } = arrange();
    world.answer = REFUSED;
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    monitor.update([poolOf('web', 1, { type: 'none' })]);
    expect(changes.at(-1)).toBe('0 down>unknown: no health check');
  });

  test('close leaves no timer', async () => {
    const { monitor, time } = arrange();
    monitor.update([poolOf('web', 3)]);
    await time.advance(10);
    monitor.close();
    expect(time.pending).toBe(0);
  });
});

describe('a failure on real traffic', () => {
  test('takes a probed backend down at once', async () => {
    const { monitor, time, changes } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    monitor.reportFailure(0, 'connection refused');
    expect(monitor.stateOf(0)).toBe('down');
    expect(changes.at(-1)).toBe('0 up>down: traffic failed: connection refused');
  });

  test('is followed by a probe soon, and rise successes bring the backend back', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 1)]);
    await time.advance(10);
    monitor.reportFailure(0, 'connection refused');
    await time.advance(200);
    expect(world.probed).toHaveLength(2);
    expect(monitor.stateOf(0)).toBe('down');
    await time.advance(6_000);
    expect(monitor.stateOf(0)).toBe('up');
  });

  test('makes the success of a probe that began before it worthless', async () => {
    const { probe, held } = heldProbe();
    const { monitor, time } = arrange({ probe });
    monitor.update([poolOf('web', 1, { rise: 1 })]);
    await time.advance(10);
    monitor.reportFailure(0, 'connection refused');
    held[0]?.(OK);
    await time.advance(0);
    expect(monitor.stateOf(0)).toBe('down');
    await time.advance(200);
    held[1]?.(OK);
    await time.advance(0);
    expect(monitor.stateOf(0)).toBe('up');
  });

  test('hurries the probe once an interval, not at every failure', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 1, { rise: 1 })]);
    await time.advance(10);
    for (let failure = 0; failure < 40; failure += 1) {
      monitor.reportFailure(0, 'connection refused');
      await time.advance(250);
    }
    expect(world.probed.length).toBeLessThan(8);
  });

  test('on a slot that nobody has changes nothing', () => {
    const { monitor, changes } = arrange();
    monitor.reportFailure(7, 'connection refused');
    expect(changes).toEqual([]);
  });
});

describe('health monitor without probes', () => {
  test('never probes, and treats the backend as unknown', async () => {
    const { monitor, time, world } = arrange();
    monitor.update([poolOf('web', 1, { type: 'none' })]);
    await time.advance(60_000);
    expect(world.probed).toEqual([]);
    expect(monitor.describe(0)).toMatchObject({ state: 'unknown', reason: 'no health check' });
  });

  test('gives a failed backend back on trial after the interval', async () => {
    const { monitor, time, changes } = arrange();
    monitor.update([poolOf('web', 1, { type: 'none' })]);
    monitor.reportFailure(0, 'connection refused');
    monitor.reportFailure(0, 'connection refused');
    await time.advance(5_000);
    expect(changes).toEqual([
      '0 unknown>down: traffic failed: connection refused',
      '0 down>unknown: on trial after: connection refused',
    ]);
  });

  test('doubles the time down while failures repeat, up to a minute', async () => {
    const { monitor, time } = arrange();
    monitor.update([poolOf('web', 1, { type: 'none' })]);
    const downMs: number[] = [];
    for (let failure = 0; failure < 6; failure += 1) {
      monitor.reportFailure(0, 'connection refused');
      const before = time.monotonicMs();
      while (monitor.stateOf(0) === 'down') await time.advance(1_000);
      downMs.push(time.monotonicMs() - before);
    }
    expect(downMs).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('starts from the interval again after a trial that held', async () => {
    const { monitor, time } = arrange();
    monitor.update([poolOf('web', 1, { type: 'none' })]);
    monitor.reportFailure(0, 'connection refused');
    await time.advance(5_000 + 5_001);
    monitor.reportFailure(0, 'connection refused');
    await time.advance(5_000);
    expect(monitor.stateOf(0)).toBe('unknown');
  });
});
