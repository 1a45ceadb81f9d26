import { expect, test } from '@jest/globals';
import { PanicWatch } from '@lb/primary/internal/outliers/panic-watch';
import type { BackendState, PoolSnapshot } from '@lb/shared/model/snapshot';
import { setImmediate as turn } from 'node:timers/promises';
import { configOf } from '../support/config-text.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';

/** A pool of four with a threshold of 50 %, and its backends' states. */
function arrange() {
  const { pools } = configOf(
    'listeners: [{ bind: "127.0.0.1:0" }]\n' +
      'pools: { web: { panicThreshold: 50, backends: [http://a, http://b, http://c, http://d] } }',
  );
  const all = Object.entries(pools).map(([name, pool]): PoolSnapshot => ({
    ...pool,
    name,
    tls: DEFAULT_TLS,
    backends: pool.backends.map((backend, slot) => ({ ...backend, slot, state: 'up' })),
  }));
  const states: BackendState[] = ['up', 'up', 'up', 'up'];
  const changes: string[] = [];
  let looks = 0;
  const world = { pools: all };
  const watch = new PanicWatch({
    pools: () => world.pools,
    effectiveOf: (_, { slot, weight }) => {
      looks++;
      return { state: states[slot] ?? 'up', weight };
    },
    onChange: (pool, isPanicking) => changes.push(`${pool} ${isPanicking}`),
  });
  return { watch, states, changes, world, looks: () => looks };
}

test('a panic begins once and ends once', async () => {
  const { watch, states, changes } = arrange();
  states.splice(0, 3, 'down', 'ejected', 'down');
  watch.changed('web');
  await turn();
  states[3] = 'down';
  watch.changed('web');
  await turn();
  expect(changes).toEqual(['web true']);
  states.fill('up');
  watch.changed('web');
  await turn();
  expect(changes).toEqual(['web true', 'web false']);
});

test('many changes at a time are one look at the pool', async () => {
  const { watch, looks } = arrange();
  for (let i = 0; i < 1_000; i++) watch.changed('web');
  await turn();
  expect(looks()).toBe(4);
});

test('a pool that is removed in its panic panics anew when it comes back', async () => {
  const { watch, states, changes, world } = arrange();
  const { pools } = world;
  states.fill('down');
  watch.changed('web');
  await turn();
  world.pools = [];
  watch.changed('other');
  await turn();
  world.pools = pools;
  watch.changed('web');
  await turn();
  expect(changes).toEqual(['web true', 'web true']);
});
