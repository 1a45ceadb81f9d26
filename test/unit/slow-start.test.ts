/** What a backend in slow start gets from its pool. */
import { describe, expect, test } from '@jest/globals';
import { POLICIES } from '@lb/shared/config/schema/pool';
import type { BackendSnapshot } from '@lb/shared/model/snapshot';
import { slowStartShare } from '@lb/shared/model/slow-start';
import { seededRandom } from '@lb/shared/time/clock';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { Backends } from '@lb/worker/internal/balancing/backends';
import type { PickContext } from '@lb/worker/internal/balancing/policy';
import type { Pool } from '@lb/worker/internal/balancing/pool';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { ALONE } from '../support/alone.ts';
import { configOf } from '../support/config-text.ts';
import { poolsUp } from '../support/pools-up.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { poolYaml } from '../support/pool-yaml.ts';

const LENGTH_MS = 30_000;
const PICKS = 2_400;

type State = Partial<Pick<BackendSnapshot, 'state' | 'slowStartMs' | 'backup'>>;

/** A pool with a backend for each state, which is up by default; the slot of each is its place. */
function poolOf(settings: object, states: readonly State[]) {
  const clock = new FakeClock();
  const backends = new Backends(new Cells(), clock, seededRandom(7), 0);
  const urls = states.map((_, place) => ({
    url: `http://127.0.0.1:${place + 1}`,
    name: `b${place}`,
  }));
  const text = `listeners: [{ bind: "127.0.0.1:0" }]\n${poolYaml(urls, settings)}`;
  const config = configOf(text);
  const pools = poolsUp(config, (_, slot) => states[slot] ?? {});
  const counts = { version: 1, workerCount: 1, slotCount: states.length };
  const web = backends.apply({ ...counts, config, ...ALONE, pools }).pools.get('web');
  if (web === undefined) throw new Error('the configuration has this pool');
  return { clock, backends, web };
}

const client = (key: number, tried: readonly Backend[] = []): PickContext => ({
  tried,
  hashKey: () => `client-${key}`,
});

/** The part of all requests that a slot gets while so many of them are in flight, each ending at some time. */
function shareOf(slot: number, web: Pool, inFlight: number): number {
  const random = seededRandom(3);
  const busy: Backend[] = [];
  let count = 0;
  for (let key = 0; key < PICKS; key++) {
    const backend = web.pick(client(key));
    if (backend === undefined) throw new Error('somebody is there');
    if (backend.slot === slot) count++;
    backend.begin();
    backend.answered(200, 10, 0);
    busy.push(backend);
    if (busy.length > inFlight) busy.splice(Math.floor(random() * busy.length), 1)[0]?.end();
  }
  for (const backend of busy) backend.end();
  return count / PICKS;
}

/** Which clients a slot has, of a thousand. */
function clientsOf(slot: number, web: Pool): Set<number> {
  const keys = Array.from({ length: 1_000 }, (_, key) => key);
  return new Set(keys.filter((key) => web.pick(client(key))?.slot === slot));
}

test('a slow start begins with a tenth and goes up evenly to the whole', () => {
  expect(slowStartShare(0, LENGTH_MS)).toBeCloseTo(0.1);
  expect(slowStartShare(LENGTH_MS / 2, LENGTH_MS)).toBeCloseTo(0.55);
  expect(slowStartShare(LENGTH_MS, LENGTH_MS)).toBe(1);
  expect(slowStartShare(0, 0)).toBe(1);
});

describe.each(POLICIES)('under %s', (policy) => {
  test.each([
    ['an idle pool', 0],
    ['a busy one', 60],
  ])(
    'a backend gets little at first, more by and by, and all of its share at the end, in %s',
    (_, inFlight) => {
      const { web, clock } = poolOf({ policy }, [{}, {}, { slowStartMs: 0 }]);
      const atFirst = shareOf(2, web, inFlight);
      clock.pass(LENGTH_MS / 2);
      const halfWay = shareOf(2, web, inFlight);
      clock.pass(LENGTH_MS / 2);
      const atTheEnd = shareOf(2, web, inFlight);

      expect(atFirst).toBeGreaterThan(0.01);
      expect(atFirst).toBeLessThan(0.08);
      expect(halfWay).toBeGreaterThan(0.13);
      expect(halfWay).toBeLessThan(0.25);
      expect(atTheEnd).toBeGreaterThan(0.28);
      expect(atTheEnd).toBeLessThan(0.39);
    },
  );

  test('nobody is spared when all are in slow start', () => {
    const { web } = poolOf({ policy }, [{ slowStartMs: 0 }, { slowStartMs: 29_000 }]);
    expect(shareOf(0, web, 10)).toBeGreaterThan(0.43);
  });

  test('a backend takes everything when no other is there', () => {
    const { web } = poolOf({ policy }, [{ state: 'down' }, { slowStartMs: 0 }, { backup: true }]);
    expect(shareOf(1, web, 10)).toBe(1);
  });

  test('a try goes to a backend in slow start rather than to one that failed', () => {
    const { web } = poolOf({ policy }, [{}, { slowStartMs: 0 }]);
    const steady = Array.from({ length: 200 }, (_, key) => web.pick(client(key))).find(
      (backend) => backend?.slot === 0,
    );
    if (steady === undefined) throw new Error('nearly all go there');
    expect(web.pick(client(1, [steady]))?.slot).toBe(1);
  });
});

describe('slow start', () => {
  test('begins to spare when the first of those that came together is through', () => {
    const { web, clock } = poolOf({}, [{ slowStartMs: 0 }, { slowStartMs: 20_000 }]);
    clock.pass(9_999);
    expect(shareOf(0, web, 0)).toBeGreaterThan(0.45);
    clock.pass(11);
    expect(shareOf(0, web, 0)).toBeLessThan(0.25);
  });

  test('begins at run time, and ends when the backend goes', () => {
    const { web, backends } = poolOf({}, [{}, { state: 'down' }]);
    backends.setState(1, 'up');
    backends.setSlowStart(1, 0);
    expect(shareOf(1, web, 0)).toBeLessThan(0.1);
    backends.setSlowStart(1, undefined);
    expect(shareOf(1, web, 0)).toBeGreaterThan(0.45);
  });

  test('is off with 0s', () => {
    const { web } = poolOf({ slowStart: '0s' }, [{}, { slowStartMs: 0 }]);
    expect(shareOf(1, web, 0)).toBeGreaterThan(0.45);
  });
});

test.each(['ring_hash', 'maglev', 'ip_hash'] as const)(
  '%s moves a key at most once in a slow start, to the backend that it belongs to',
  (policy) => {
    const { web, clock } = poolOf({ policy }, [{}, {}, { slowStartMs: 0 }]);
    let before = clientsOf(2, web);
    for (let step = 0; step < 10; step++) {
      clock.pass(LENGTH_MS / 10);
      const now = clientsOf(2, web);
      expect([...before].filter((key) => !now.has(key))).toEqual([]);
      before = now;
    }
    expect(before.size).toBeGreaterThan(280);
  },
);
