/** When slow starts begin, as the primary knows it. */
import { describe, expect, test } from '@jest/globals';
import { SlowStarts, type SlowStartChange } from '@lb/primary/internal/health/slow-starts';
import type { BackendSnapshot, Effective, PoolSnapshot } from '@lb/shared/model/snapshot';
import { configOf } from '../support/config-text.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { poolYaml } from '../support/pool-yaml.ts';

const UP: Effective = { state: 'up', weight: 1 };

/** An instance whose pool has backends of these slots. */
function setup(...slots: readonly number[]) {
  const clock = new FakeClock();
  const changes: SlowStartChange['what'][] = [];
  const slowStarts = new SlowStarts(clock, ({ what }) => changes.push(what));
  const poolOf = (wanted: readonly number[], settings: object): PoolSnapshot => {
    const urls = wanted.map((slot) => `http://127.0.0.1:${slot + 1}`);
    const text = `listeners: [{ bind: "127.0.0.1:0" }]\n${poolYaml(urls, settings)}`;
    const [pool] = Object.values(configOf(text).pools);
    if (pool === undefined) throw new Error('the configuration has a pool');
    const backends = pool.backends.map((backend, place) => ({
      ...backend,
      slot: wanted[place] ?? -1,
      state: 'unknown' as const,
    }));
    return { ...pool, name: 'web', tls: DEFAULT_TLS, backends };
  };
  let backends: readonly BackendSnapshot[] = [];
  const told = (slot: number, effective: Effective): Effective => {
    const backend = backends.find((each) => each.slot === slot);
    if (backend === undefined) throw new Error(`no backend has slot ${slot}`);
    return slowStarts.told(backend, effective);
  };
  /** A snapshot goes out in which every backend is up, unless something else is said. */
  const publish = (
    wanted: readonly number[],
    settings: object = {},
    said: Readonly<Record<number, Effective>> = {},
  ): void => {
    const pool = poolOf(wanted, settings);
    ({ backends } = pool);
    slowStarts.follow([pool]);
    for (const { slot } of backends) told(slot, said[slot] ?? UP);
  };
  publish(slots);
  return { clock, slowStarts, changes, told, publish };
}

describe('a slow start begins', () => {
  test.each<[string, Effective, Effective]>([
    ['comes up', { state: 'down', weight: 1 }, UP],
    ['comes back on trial', { state: 'down', weight: 1 }, { state: 'unknown', weight: 1 }],
    ['is enabled after maintenance', { state: 'maintenance', weight: 1 }, UP],
    ['is enabled after a drain', { state: 'draining', weight: 1 }, UP],
    ['gets a weight', { state: 'up', weight: 0 }, UP],
  ])('when a backend %s', (_, before, after) => {
    const { told, clock } = setup(0, 1);
    told(1, before);
    expect(told(1, after)).toEqual({ ...after, slowStartMs: 0 });
    clock.pass(10_000);
    expect(told(1, after)).toEqual({ ...after, slowStartMs: 10_000 });
  });

  test('when a reload adds a backend', () => {
    const { slowStarts, publish } = setup(0);
    publish([0, 1]);
    expect(slowStarts.progressOf(0)).toBeUndefined();
    expect(slowStarts.progressOf(1)).toEqual({ leftMs: 30_000, share: 0.1 });
  });

  test('when a backend that was there before is added again', () => {
    const { slowStarts, publish } = setup(0, 1);
    publish([0]);
    publish([0, 1]);
    expect(slowStarts.progressOf(1)?.leftMs).toBe(30_000);
  });

  test('when a backend that was down at the start comes up', () => {
    const { told } = setup(0, 1);
    told(1, { state: 'down', weight: 1 });
    expect(told(1, UP).slowStartMs).toBe(0);
  });
});

describe('no slow start begins', () => {
  test('at the start of the instance, nor with the first probes', () => {
    const { told } = setup(0, 1);
    expect(told(0, { state: 'unknown', weight: 1 })).toEqual({ state: 'unknown', weight: 1 });
    expect(told(0, UP)).toEqual(UP);
  });

  test('when a weight changes', () => {
    const { told } = setup(0, 1);
    expect(told(0, { state: 'up', weight: 7 })).toEqual({ state: 'up', weight: 7 });
  });

  test('where it is off', () => {
    const { told, publish } = setup(0, 1);
    publish([0, 1], { slowStart: '0s' });
    told(1, { state: 'down', weight: 1 });
    expect(told(1, UP)).toEqual(UP);
  });
});

describe('a slow start', () => {
  /** One that began ten seconds ago. */
  const begun = () => {
    const all = setup(0, 1);
    all.told(1, { state: 'down', weight: 1 });
    all.told(1, UP);
    all.clock.pass(10_000);
    return all;
  };

  test('goes on through a reload', () => {
    const { told, publish } = begun();
    publish([0, 1], { timeouts: { response: '7s' } });
    expect(told(1, UP).slowStartMs).toBe(10_000);
  });

  test('goes on as long as a reload says', () => {
    const { slowStarts, publish } = begun();
    publish([0, 1], { slowStart: '20s' });
    expect(slowStarts.progressOf(1)).toEqual({ leftMs: 10_000, share: 0.55 });
  });

  test('that is over does not begin again when a reload makes it longer', () => {
    const { slowStarts, clock, publish } = begun();
    clock.pass(20_000);
    publish([0, 1], { slowStart: '5m' });
    expect(slowStarts.progressOf(1)).toBeUndefined();
  });

  test('begins anew when the backend fails in the middle of it', () => {
    const { told } = begun();
    expect(told(1, { state: 'down', weight: 1 })).toEqual({ state: 'down', weight: 1 });
    expect(told(1, UP).slowStartMs).toBe(0);
  });

  test('spares nobody when no other backend takes traffic without one', () => {
    const { slowStarts, told } = begun();
    told(0, { state: 'down', weight: 1 });
    expect(slowStarts.progressOf(1)).toEqual({ leftMs: 20_000, share: 1 });
    told(0, UP);
    expect(slowStarts.progressOf(1)?.share).toBe(1);
  });
});

describe('whoever wants to know is told of a slow start', () => {
  const begun = () => {
    const all = setup(0, 1);
    all.told(1, { state: 'down', weight: 1 });
    all.told(1, UP);
    all.told(1, UP);
    return all;
  };

  test('when it begins and when it is over, once', () => {
    const { clock, slowStarts, changes } = begun();
    slowStarts.look();
    expect(changes).toEqual(['begun']);
    clock.pass(30_000);
    slowStarts.look();
    slowStarts.look();
    expect(changes).toEqual(['begun', 'over']);
  });

  test('when it is cut because the backend is out again', () => {
    const { told, changes } = begun();
    told(1, { state: 'down', weight: 1 });
    expect(changes).toEqual(['begun', 'cut']);
  });

  test('when it was over before a reload', () => {
    const { clock, publish, changes } = begun();
    clock.pass(30_000);
    publish([0, 1]);
    expect(changes).toEqual(['begun', 'over']);
  });
});
