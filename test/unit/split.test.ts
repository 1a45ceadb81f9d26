/** Which pool of a split a client goes to. */
import { describe, expect, test } from '@jest/globals';
import { seededRandom, systemClock } from '@lb/shared/time/clock';
import { Backends } from '@lb/worker/internal/balancing/backends';
import { Cells } from '@lb/worker/internal/metrics/cells';
import type { KeyedRequest } from '@lb/worker/internal/request/request-key';
import { compileSplit } from '@lb/worker/internal/request/split';
import { ALONE } from '../support/alone.ts';
import { configOf } from '../support/config-text.ts';
import { poolsUp } from '../support/pools-up.ts';

const CLIENTS = 4_000;
const STICKY = '{ mode: cookie }';

/** A split of these pools by these weights, as a worker of its own would have it. */
function splitOf(
  weights: Readonly<Record<string, number>>,
  { sticky = STICKY, seed = 1 }: { sticky?: string; seed?: number } = {},
) {
  const names = Object.keys(weights);
  const texts = names.map(
    (name, i) => `${name}: { sticky: ${sticky}, backends: ["http://127.0.0.1:${i + 1}"] }`,
  );
  const text = `listeners: [{ bind: "127.0.0.1:0" }]\nroutes: [{ pool: ${names[0]} }]\n`;
  const config = configOf(`${text}pools: { ${texts.join(', ')} }`);
  const random = seededRandom(seed);
  const backends = new Backends(new Cells(), systemClock, random, 0);
  const counts = { version: 1, workerCount: 1, slotCount: names.length };
  const { pools } = backends.apply({ ...counts, config, ...ALONE, pools: poolsUp(config) });
  const parts = [...pools.values()].map((pool) => ({ pool, weight: weights[pool.name] ?? 0 }));
  const choose = compileSplit(parts, random);
  return (request: Partial<KeyedRequest>): string =>
    choose({
      clientAddress: '',
      path: '/',
      hostname: '',
      search: '',
      header: () => undefined,
      ...request,
    }).name;
}

const address = (client: number): Partial<KeyedRequest> => ({
  clientAddress: `192.0.${client >> 8}.${client & 255}`,
});

const everybody = <T>(of: (client: number) => T): T[] =>
  Array.from({ length: CLIENTS }, (_, client) => of(client));

function sharesOf(names: readonly string[], pool: string): number {
  return names.filter((name) => name === pool).length / names.length;
}

describe('a split of pools that are sticky', () => {
  test('is as the weights say', () => {
    const choose = splitOf({ stable: 80, canary: 15, lab: 5 });
    const names = everybody((client) => choose(address(client)));
    expect(sharesOf(names, 'stable')).toBeCloseTo(0.8, 1);
    expect(sharesOf(names, 'canary')).toBeCloseTo(0.15, 1);
    expect(sharesOf(names, 'lab')).toBeGreaterThan(0.03);
  });

  test('is the same on every worker, whatever order the pools are listed in', () => {
    const one = splitOf({ stable: 80, canary: 20 });
    const other = splitOf({ canary: 20, stable: 80 }, { seed: 2 });
    expect(everybody((client) => other(address(client)))).toEqual(
      everybody((client) => one(address(client))),
    );
  });

  test('moves no more clients than it must when the weights change, and none back', () => {
    const before = everybody((client) => splitBefore(address(client)));
    const after = everybody((client) => splitAfter(address(client)));
    const moved = before.filter((pool, client) => pool !== after[client]).length / CLIENTS;
    expect(moved).toBeGreaterThan(0.12);
    expect(moved).toBeLessThan(0.18);
    expect(before.filter((pool, i) => pool === 'canary' && after[i] !== 'canary')).toEqual([]);
  });

  test('gives no client to a pool of weight 0', () => {
    const choose = splitOf({ stable: 1, canary: 0 });
    expect(new Set(everybody((client) => choose(address(client))))).toEqual(new Set(['stable']));
  });

  test('is at random for clients that nothing is known of', () => {
    const choose = splitOf({ stable: 1, canary: 1 });
    expect(
      sharesOf(
        everybody(() => choose({})),
        'canary',
      ),
    ).toBeCloseTo(0.5, 1);
  });

  test('goes by the key that sessions of a table go by, and by the address where there is none', () => {
    const choose = splitOf(
      { stable: 1, canary: 1 },
      { sticky: '{ mode: table, key: "header:X-User" }' },
    );
    const user = (client: number, from: number): string =>
      choose({
        ...address(from),
        header: (name) => (name === 'x-user' ? `u${client}` : undefined),
      });
    expect(everybody((client) => user(client, 1))).toEqual(
      everybody((client) => user(client, client)),
    );
    expect(
      sharesOf(
        everybody((client) => user(client, 1)),
        'canary',
      ),
    ).toBeCloseTo(0.5, 1);
    expect(
      sharesOf(
        everybody((client) => choose(address(client))),
        'canary',
      ),
    ).toBeCloseTo(0.5, 1);
  });
});

test('a split of pools that are not sticky is at random', () => {
  const choose = splitOf({ stable: 3, canary: 1 }, { sticky: 'null' });
  expect(
    sharesOf(
      everybody(() => choose(address(1))),
      'canary',
    ),
  ).toBeCloseTo(0.25, 1);
});

const splitBefore = splitOf({ stable: 95, canary: 5 });
const splitAfter = splitOf({ stable: 80, canary: 20 });
