/** Settings of the store that are wrong: an instance serves all the same, and says what to put right. */
import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { startRedis } from '../support/redis-server.ts';
import { sessionKey } from '@lb/worker/internal/balancing/sticky/sessions';

/** Asks the store twice for each request: for tokens, and for the session. */
const yamlOf = (store: string, backends: readonly { readonly url: string }[]): string => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
store: { type: redis, ${store} }
rateLimits: { many: { rate: 1000/s, key: client_ip } }
routes: [{ name: all, pool: web, rateLimit: [many] }]
pools:
  web:
    backends: [${backends.map(({ url }) => url).join(', ')}]
    sticky: { mode: table, key: header:X-User }
`;

const OF_ANN = GET.replace('\r\n\r\n', '\r\nX-User: ann\r\n\r\n');

/** Statuses of ten requests of one session, and whether they say that the instance is ready. */
async function servedBy(instance: Instance): Promise<{ statuses: number[]; isReady: boolean }> {
  const statuses = new Set<number>();
  for (let i = 0; i < 10; i++) statuses.add((await askOnce(instance.port, OF_ANN)).status);
  const isReady = await instance.admin.get('/readyz').then(
    () => true,
    () => false,
  );
  return { statuses: [...statuses], isReady };
}

const SERVED = { statuses: [200], isReady: true };

test.each([
  [
    'a wrong password',
    'Redis knows no such user and password: check store.username and store.password',
    (redisUrl: string) => `url: "${redisUrl}", password: wrong`,
  ],
  [
    'an address where nobody is',
    'no connection to Redis (store.url): connect ECONNREFUSED 127.0.0.1:',
    async () => `url: "redis://127.0.0.1:${await freePort()}"`,
  ],
])('%s stops no request, and log and status say what to set', async (_what, reason, storeOf) => {
  const cliArgs = ['--no-auth-warning', '-a', 'right'];
  await using redis = await startRedis({ args: ['--requirepass', 'right'], cliArgs });
  await using backends = await startBackendProcesses(2);
  await using lb = await startLbctl(yamlOf(await storeOf(redis.url), backends));

  expect(await servedBy(lb)).toEqual(SERVED);
  expect((await lb.run('status')).stdout).toContain(`\nstore    redis  DOWN: ${reason}`);
  expect(lb.log()).toContain(`"reason":"${reason}`);
  expect(await lb.metric('lb_store_up')).toBe(0);
});

test('keys of somebody else under the prefix stop no request, and the log names them', async () => {
  await using redis = await startRedis();
  const keys = ['lb:{rl}:many:127.0.0.1', `lb:s:{web:${sessionKey('ann')}}`, 'lb:{instances}'];
  for (const key of keys) await redis.cli('lpush', key, 'not ours');
  await using backends = await startBackendProcesses(2);
  await using lb = await startLbctl(yamlOf(`url: "${redis.url}"`, backends));

  await eventually(async () => {
    expect(await servedBy(lb)).toEqual(SERVED);
    for (const key of keys) expect(lb.log()).toContain(`what Redis has under ${key}`);
  });
  expect(lb.log()).toContain('set another store.prefix');
  expect(await lb.metric('lb_store_up')).toBe(1);
  expect(await lb.metric('lb_store_errors_total', 'op="find"')).toBeGreaterThan(0);
});
