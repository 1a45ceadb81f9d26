import { describe, expect, test } from '@jest/globals';
import { BackendControl } from '@lb/primary/internal/overrides/backend-control';
import { effective } from '@lb/primary/internal/overrides/override';
import { OverrideTable } from '@lb/primary/internal/overrides/override-table';
import type { BackendChangeRequest } from '@lb/shared/admin-api/contract';
import type { HealthState } from '@lb/shared/model/snapshot';
import { pino } from 'pino';
import { configOf } from '../support/config-text.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { Timeline } from '../support/timeline.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

/** A pool `web` of a, b (weight 2) and z (weight 0), all up, and a pool `lone` of c. */
function arrange() {
  const config = configOf(`
listeners: [{ bind: "127.0.0.1:0" }]
routes: [{ pool: web }, { pool: lone }]
pools:
  web: { backends: [{ name: a, url: "http://127.0.0.1:1" }, { name: b, url: "http://127.0.0.1:2", weight: 2 }, { name: z, url: "http://127.0.0.1:3", weight: 0 }] }
  lone: { backends: [{ name: c, url: "http://127.0.0.1:4" }] }
`);
  let slot = 0;
  const pools = Object.entries(config.pools).map(([name, pool]) => ({
    ...pool,
    name,
    tls: DEFAULT_TLS,
    backends: pool.backends.map((each) => ({ ...each, slot: slot++, state: 'unknown' as const })),
  }));
  const time = new Timeline();
  const health = new Map<string, HealthState>();
  const world = { isSettled: true, readmitted: [] as string[] };
  const overrides = new OverrideTable({
    store: () => null,
    wallMs: () => time.wallMs(),
    schedule: time.schedule,
    onChange: () => undefined,
    log: pino({ level: 'silent' }),
  });
  const control = new BackendControl({
    overrides,
    pools: () => pools,
    effectiveOf: ({ name, weight }, override) =>
      effective(health.get(name) ?? 'up', override, weight),
    readmit: ({ name }) => world.readmitted.push(name),
    settled: () => Promise.resolve(world.isSettled),
    wallMs: () => time.wallMs(),
  });
  const change = (target: string, wish: BackendChangeRequest) => {
    const [pool = '', name = ''] = target.split('/');
    return control.change(pool, name, wish, 'root');
  };
  return { change, control, overrides, health, world };
}

describe('the guard of a pool', () => {
  test.each([
    [{ state: 'drain' }],
    [{ state: 'disabled' }],
    [{ weight: 0 }],
    [{ state: 'enabled', weight: 0 }],
  ] as const)('refuses %j for the last backend that gets new traffic', async (wish) => {
    const { change, overrides } = arrange();
    expect(await change('lone/c', wish)).toEqual({
      ok: false,
      status: 409,
      message: 'c is the last backend of pool lone that may get new traffic',
    });
    expect(overrides.entries).toEqual([]);
  });

  test('yields to force', async () => {
    const { change, overrides } = arrange();
    expect(await change('lone/c', { state: 'drain', force: true })).toMatchObject({ ok: true });
    expect(overrides.of('lone', 'c')?.state).toBe('drain');
  });

  test.each([
    ['is down', (world: ReturnType<typeof arrange>) => void world.health.set('b', 'down')],
    ['drains', ({ change }: ReturnType<typeof arrange>) => change('web/b', { state: 'drain' })],
    [
      'is disabled',
      ({ change }: ReturnType<typeof arrange>) => change('web/b', { state: 'disabled' }),
    ],
    ['has weight 0', ({ change }: ReturnType<typeof arrange>) => change('web/b', { weight: 0 })],
  ])('refuses when the other backend %s', async (_case, prepare) => {
    const world = arrange();
    await prepare(world);
    expect(await world.change('web/a', { state: 'drain' })).toMatchObject({ status: 409 });
  });

  test('refuses to go back to a configured weight of 0', async () => {
    const { change } = arrange();
    await change('web/z', { weight: 5 });
    await change('web/a', { state: 'drain' });
    await change('web/b', { state: 'drain' });
    expect(await change('web/z', { weight: null })).toMatchObject({ status: 409 });
  });

  test('lets go of a backend that gets nothing new anyway', async () => {
    const { change, health } = arrange();
    health.set('c', 'down');
    expect(await change('lone/c', { state: 'disabled' })).toMatchObject({ ok: true });
  });
});

describe('a change of a backend', () => {
  test.each([
    ['none/a', 'no pool is called none'],
    ['web/c', 'pool web has no backend c'],
  ])('of %s is refused: there is none', async (target, message) => {
    const { change } = arrange();
    const outcome = await change(target, { weight: 1, force: true });
    expect(outcome).toEqual({ ok: false, status: 404, message });
  });

  test('of the weight leaves a drain and its deadline', async () => {
    const { change, overrides } = arrange();
    await change('web/a', { state: 'drain', deadlineMs: 5_000 });
    await change('web/a', { weight: 7 });
    expect(overrides.of('web', 'a')).toEqual({
      state: 'drain',
      weight: 7,
      sinceMs: NOW_MS,
      deadlineMs: NOW_MS + 5_000,
      by: 'root',
    });
  });

  test('to enabled leaves the weight, and without one nothing', async () => {
    const { change, overrides } = arrange();
    await change('web/a', { state: 'disabled', weight: 7 });
    await change('web/b', { state: 'drain', deadlineMs: 5_000, force: true });
    await change('web/a', { state: 'enabled' });
    await change('web/b', { state: 'enabled' });
    expect(overrides.of('web', 'a')).toMatchObject({ state: null, weight: 7, deadlineMs: null });
    expect(overrides.of('web', 'b')).toBeUndefined();
  });

  test('says when not every worker works by it', async () => {
    const { change, world } = arrange();
    world.isSettled = false;
    const outcome = await change('web/a', { weight: 2 });
    expect(outcome).toMatchObject({ ok: true, warning: expect.any(String) as unknown });
  });
});

test.each([
  ['up', null, 'up', 3],
  ['unknown', null, 'unknown', 3],
  ['ejected', null, 'ejected', 3],
  ['up', 'drain', 'draining', 3],
  ['unknown', 'drain', 'draining', 3],
  ['ejected', 'drain', 'draining', 3],
  ['down', 'drain', 'down', 0],
  ['up', 'disabled', 'maintenance', 3],
  ['down', 'disabled', 'maintenance', 3],
  ['ejected', 'disabled', 'maintenance', 3],
] as const)('a backend that is %s and told to %s is %s', (condition, state, joined, weight) => {
  const override = { state, weight: 3, sinceMs: 0, deadlineMs: null, by: 'root' };
  expect(effective(condition, override, 1)).toEqual({ state: joined, weight });
});

test('enable ends an ejection, nothing else does', async () => {
  const { change, world } = arrange();
  await change('web/a', { state: 'enabled' });
  await change('web/b', { weight: 5 });
  expect(world.readmitted).toEqual(['a']);
});
