import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BackendProcess, startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { type LoadResult, startLoad } from '../support/load.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { redisStore } from '../support/redis-yaml.ts';

const RATE = 100;
const BURST = 50;

/** Refusals after which a load has found out how much it gets: a second or two of it. */
const ENOUGH = 4_000;

let backends: AsyncDisposable & readonly BackendProcess[];
beforeAll(async () => {
  backends = await startBackendProcesses(1);
});
afterAll(async () => backends[Symbol.asyncDispose]());

function yaml(store: string, limit = ''): string {
  return `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { backends: [${backends.map(({ url }) => url).join()}] } }
rateLimits: { all: { rate: ${RATE}/s, burst: ${BURST}, key: host ${limit} } }
routes: [{ pool: web, rateLimit: [all] }]
${store}
`;
}

/** Hammers all instances until they have refused enough, and returns how much they let through and in which time. */
async function hammer(instances: readonly Instance[]): Promise<{ allowed: number; ms: number }> {
  const startedMs = performance.now();
  using stack = new DisposableStack();
  const loads = instances.map(({ port }) => stack.use(startLoad({ port, connections: 10 })));
  const refusals = async (): Promise<number> =>
    sum(
      await Promise.all(
        instances.map((each) => each.metric('lb_ratelimit_decisions_total', 'deny')),
      ),
    );
  const before = await refusals();
  await eventually(async () => expect((await refusals()) - before).toBeGreaterThan(ENOUGH), 20_000);
  const results = await Promise.all(loads.map((load) => load.stop()));
  const ms = performance.now() - startedMs;
  for (const { failures } of results) expect([...failures.keys()]).toEqual(['429']);
  return { allowed: sum(results.map(({ succeeded }: LoadResult) => succeeded)), ms };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

describe('a rate limit over several workers', () => {
  test('allows a full bucket and the rate and no more, from the memory of the primary', async () => {
    await using lb = await startLbctl(yaml('store: { timeout: 1s }'));

    const { allowed, ms } = await hammer([lb]);

    const expected = BURST + (RATE * ms) / 1_000;
    expect(allowed).toBeLessThanOrEqual(expected + 1);
    // On a busy machine the time is taken long after the last answer.
    expect(allowed).toBeGreaterThan(expected * 0.95 - 5);
    expect(await lb.metric('lb_ratelimit_decisions_total', 'degraded')).toBe(0);
  });
});

describe('a rate limit over several instances', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  test('allows a full bucket and the rate and no more, all together, from Redis', async () => {
    await using one = await startLbctl(yaml(redisStore(redis)));
    await using other = await startLbctl(yaml(redisStore(redis)));

    const { allowed, ms } = await hammer([one, other]);

    const expected = BURST + (RATE * ms) / 1_000;
    expect(allowed).toBeLessThanOrEqual(expected + 1);
    expect(allowed).toBeGreaterThan(expected * 0.95 - 5);
  });

  test.each([['killed'], ['stopped']])(
    'goes on with its share while Redis is %s, with no 5xx, and is exact again when it is back',
    async (how) => {
      await using server = await startRedis();
      const store = redisStore(server, '50ms');
      await using one = await startLbctl(yaml(store));
      await using other = await startLbctl(yaml(store));
      await eventually(async () => expect((await one.status()).instances.length).toBe(2));
      await eventually(async () => expect((await other.status()).instances.length).toBe(2));
      using load = startLoad({ port: one.port, connections: 10 });
      await eventually(() => expect(load.succeeded()).toBeGreaterThan(BURST));

      if (how === 'killed') await server.kill();
      else server.signal('SIGSTOP');
      await eventually(async () => expect((await one.status()).store.up).toBe(false));
      const degraded = (): Promise<number> =>
        one.metric('lb_ratelimit_decisions_total', 'degraded');
      await eventually(async () => expect(await degraded()).toBeGreaterThan(1_000));
      const share = await gained(load.succeeded, 1_000);
      const ready = await one.admin.get<string>('/readyz');

      if (how === 'killed') await server.start();
      else server.signal('SIGCONT');
      await eventually(async () => expect((await one.status()).store.up).toBe(true));
      // Workers find it again one by one, and say what they counted twice a second.
      await eventually(async () => {
        const before = await degraded();
        await gained(load.succeeded, 700);
        expect(await degraded()).toBe(before);
      });
      const whole = await gained(load.succeeded, 1_000);
      const { failures } = await load.stop();

      expect(ready).toContain('ready');
      expect(share).toBeGreaterThan(0.8 * 0.5 * RATE);
      expect(share).toBeLessThan(1.2 * 0.5 * RATE + BURST / 2);
      expect(whole).toBeGreaterThan(0.8 * RATE);
      expect([...failures.keys()]).toEqual(['429']);
      expect(one.log()).toContain('store away');
    },
  );
});

/** So many a second, over this time. */
async function gained(count: () => number, overMs: number): Promise<number> {
  const before = count();
  const startedMs = performance.now();
  await eventually(() => expect(performance.now() - startedMs).toBeGreaterThan(overMs));
  return ((count() - before) * 1_000) / (performance.now() - startedMs);
}
