import { expect, jest, test } from '@jest/globals';
import { Backend } from '@lb/worker/internal/balancing/backend';
import { Backends } from '@lb/worker/internal/balancing/backends';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { systemClock } from '@lb/shared/time/clock';
import { configOf } from '../support/config-text.ts';
import { poolsUp } from '../support/pools-up.ts';
import { ALONE } from '../support/alone.ts';
import { NONE_TRIED } from '../support/fake-candidates.ts';

const COUNT = 200;

/** One pool of backends that are all up. */
function pool() {
  const urls = Array.from({ length: COUNT }, (_, i) => `http://127.0.0.1:${i + 1}`);
  const config = configOf(
    `listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [${urls.join(', ')}] } }`,
  );
  const pools = poolsUp(config);
  const backends = new Backends(new Cells(), systemClock, () => 0.5, 0);
  const snapshot = { version: 1, workerCount: 1, slotCount: COUNT, config, ...ALONE, pools };
  const web = backends.apply(snapshot).pools.get('web');
  if (web === undefined) throw new Error('the configuration has this pool');
  return { backends, web };
}

test('a pick after many changes of health knows them all', () => {
  const { backends, web } = pool();
  for (let slot = 0; slot < COUNT - 1; slot++) backends.setState(slot, 'down');
  expect(web.pick(NONE_TRIED)?.slot).toBe(COUNT - 1);
  backends.setState(COUNT - 1, 'down');
  expect(web.pick(NONE_TRIED)).toBeUndefined();
});

test.each(['draining', 'maintenance'] as const)('a backend in %s gets nothing new', (state) => {
  const { backends, web } = pool();
  for (let slot = 0; slot < COUNT - 1; slot++) backends.setState(slot, state);
  expect(web.pick(NONE_TRIED)?.slot).toBe(COUNT - 1);
  expect(web.pick(NONE_TRIED)?.slot).toBe(COUNT - 1);
});

test('a weight that changes counts from the next pick on', () => {
  const { backends, web } = pool();
  for (let slot = 1; slot < COUNT; slot++) backends.setWeight(slot, 0);
  expect(web.pick(NONE_TRIED)?.slot).toBe(0);
  backends.setWeight(0, 0);
  expect(web.pick(NONE_TRIED)).toBeUndefined();
  backends.setWeight(7, 1000);
  expect(web.pick(NONE_TRIED)?.slot).toBe(7);
});

test.each([
  ['unknown', true],
  ['up', true],
  ['draining', true],
  ['down', false],
  ['maintenance', false],
] as const)('a backend that is %s serves what belongs to it: %p', (state, serves) => {
  const { backends, web } = pool();
  const backend = web.pick(NONE_TRIED);
  backends.setState(backend?.slot ?? 0, state);
  backends.setWeight(backend?.slot ?? 0, 0);
  expect(backend?.isServing).toBe(serves);
});

test('the backends are gone through once for many changes, not once for each', () => {
  const { backends, web } = pool();
  const looks = jest.spyOn(Backend.prototype, 'isAvailable', 'get');
  for (let slot = 0; slot < COUNT; slot += 2) backends.setState(slot, 'down');
  web.pick(NONE_TRIED);
  expect(looks).toHaveBeenCalledTimes(COUNT);
  looks.mockRestore();
});
