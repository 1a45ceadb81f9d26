/** Real instances that keep their statistics in a real PostgreSQL, which may be away, and hang. */
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EventReply, HistoryReply } from '@lb/shared/admin-api/statistics';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startBackend } from '../support/running-lbctl.ts';

const stack = new AsyncDisposableStack();
let postgres: PostgresServer;
let backend: Awaited<ReturnType<typeof startBackend>>;

beforeAll(async () => {
  postgres = stack.use(await startPostgres());
  await postgres.sql("ALTER ROLE lb PASSWORD 'pa55word'");
  backend = stack.use(await startBackend((_, response) => response.end('answer')));
}, 60_000);

afterAll(() => stack.disposeAsync());

const config = (persist: string): string => `
workers: 1
listeners: [{ bind: 127.0.0.1:0 }]
routes: [{ name: all, pool: web }]
pools: { web: { backends: [{ url: "${backend.url}", name: b0 }] } }
metrics: { persist: ${persist} }
`;

const kept = (url: string, keys = ''): string =>
  `{ type: postgres, url: "${url}", interval: 1s${keys} }`;

async function get(lb: Instance, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const answer = await fetch(`http://127.0.0.1:${lb.port}/`);
    expect(await answer.text()).toBe('answer');
  }
}

const history = (lb: Instance, query: string): Promise<HistoryReply> =>
  lb.admin.get<HistoryReply>(`/api/v1/stats/history?${query}`);

const persistEvents = async (lb: Instance): Promise<string[]> => {
  const { stdout } = await lb.run('events', '--json');
  const events = stdout.split('\n').filter((line) => line !== '');
  return events
    .map((line) => JSON.parse(line) as EventReply)
    .filter(({ type }) => type === 'persist')
    .map(({ message }) => message);
};

const requestsOf = async (where: string): Promise<number> =>
  Number(
    await postgres.sql(
      `SELECT coalesce(sum(requests), 0) FROM lbctl_metrics.samples WHERE ${where}`,
    ),
  );

describe('an instance with PostgreSQL', () => {
  test('keeps every request, and has its past after a restart', async () => {
    const url = postgres.urlOf('lb', 'pa55word');
    const text = config(kept(url, ', instance: web1'));
    {
      await using lb = await startLbctl(text);
      await get(lb, 30);
      await lb.run('stop');
    }
    // The last sample is taken when it stops.
    for (const part of [
      `kind = 'total'`,
      `kind = 'route' AND route = 'all'`,
      `kind = 'pool' AND pool = 'web'`,
      `kind = 'backend' AND pool = 'web' AND backend = 'b0' AND state = 'up' AND weight = 1`,
    ])
      expect(await requestsOf(`instance = 'web1' AND ${part}`)).toBe(30);
    const bytes = `SELECT sum(bytes_out) FROM lbctl_metrics.samples WHERE route = 'all'`;
    expect(await postgres.sql(bytes)).toBe(String(30 * 'answer'.length));

    await using lb = await startLbctl(text);
    const rates = async (query: string): Promise<number> => {
      const reply = await history(lb, query);
      expect(reply.warning).toBeNull();
      const sum = reply.requestsPerSecond.reduce<number>((total, each) => total + (each ?? 0), 0);
      return Math.round(sum * reply.stepSeconds);
    };
    await eventually(async () => expect(await rates('seconds=900')).toBeGreaterThanOrEqual(25));
    for (const part of ['', '&route=all', '&pool=web', '&pool=web&backend=b0']) {
      const from = new Date(Date.now() - 86_400_000 * 7).toISOString();
      // Rates, over what of a step there is of samples.
      expect(await rates(`seconds=86400${part}`)).toBeGreaterThan(25);
      expect(await rates(`from=${from}${part}`)).toBeGreaterThan(25);
    }
    await eventually(async () => {
      const { persist } = await lb.status();
      expect(persist).toMatchObject({ type: 'postgres', up: true, reason: null });
    });
    expect(await persistEvents(lb)).toEqual([]);
    const shown = JSON.stringify([
      await lb.admin.get('/api/v1/config?resolved'),
      await lb.admin.get('/api/v1/config'),
      await lb.status(),
      lb.log(),
    ]);
    expect(shown).not.toContain('pa55word');
  }, 60_000);

  test('starts without it, serves while it hangs, and goes on when it is there', async () => {
    const hanging = new Set<Socket>();
    const hole = createServer((socket) => {
      hanging.add(socket.on('error', () => undefined).on('close', () => hanging.delete(socket)));
    }).listen(0, '127.0.0.1');
    stack.defer(() => void hole.close());
    const port = await freePort();
    await using lb = await startLbctl(config(kept(`postgres://lb:wr0ng@127.0.0.1:${port}/lb`)));
    await eventually(async () => {
      expect(await persistEvents(lb)).toEqual(['metrics database away, samples wait for it']);
    });
    expect((await lb.status()).persist).toMatchObject({ up: false, queued: expect.any(Number) });
    expect(await lb.metric('lb_persist_up')).toBe(0);
    const reply = await history(lb, 'from=2026-01-01T00:00:00Z');
    expect(reply.warning).toMatch(/^metrics.persist: .*ECONNREFUSED/);

    const { port: holePort } = hole.address() as { port: number };
    await lb.write(config(kept(`postgres://lb:wr0ng@127.0.0.1:${holePort}/lb`)));
    expect((await lb.run('reload')).code).toBe(0);
    await eventually(() => expect(hanging.size).toBeGreaterThan(0));
    const began = performance.now();
    await get(lb, 50);
    expect(performance.now() - began).toBeLessThan(2_000);
    const asked = performance.now();
    expect((await history(lb, 'seconds=86400')).warning).toContain('no answer in time');
    expect(performance.now() - asked).toBeLessThan(4_000);
    for (const socket of hanging) socket.destroy();

    await lb.write(config(kept(postgres.url)));
    expect((await lb.run('reload')).stdout).toContain('[redacted]');
    await get(lb, 5);
    await eventually(async () => {
      expect(await lb.metric('lb_persist_up')).toBe(1);
      expect(await requestsOf(`instance LIKE '%:________' AND kind = 'total'`)).toBe(5);
    });
    expect(await lb.metric('lb_persist_samples_total', 'written')).toBeGreaterThanOrEqual(4);
    expect(await lb.metric('lb_persist_queue_samples')).toBe(0);
    expect(lb.log()).not.toContain('wr0ng');
  }, 60_000);

  test('waits out a restart of the database without losing anything', async () => {
    await using lb = await startLbctl(config(kept(postgres.url, ', instance: patient')));
    await eventually(async () => expect(await lb.metric('lb_persist_up')).toBe(1));
    await postgres.stop();
    await get(lb, 20);
    await eventually(async () => expect(await lb.metric('lb_persist_up')).toBe(0));
    await postgres.start();
    await eventually(async () => {
      expect(await requestsOf(`instance = 'patient' AND kind = 'total'`)).toBe(20);
    }, 15_000);
    expect(await persistEvents(lb)).toEqual([
      'metrics database away, samples wait for it',
      'metrics database back',
    ]);
    expect(await lb.metric('lb_persist_samples_total', 'dropped')).toBe(0);
  }, 60_000);

  test('is left alone when nothing is to be kept any more', async () => {
    await using lb = await startLbctl(config(kept(postgres.url, ', instance: leaving')));
    await eventually(async () => expect(await lb.metric('lb_persist_up')).toBe(1));
    const clients = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lbctl'`;
    expect(Number(await postgres.sql(clients))).toBeGreaterThan(0);
    await lb.write(config('null'));
    await lb.run('reload');
    await eventually(async () => expect(await postgres.sql(clients)).toBe('0'));
    expect((await lb.status()).persist).toBeNull();
    expect(await lb.admin.get<string>('/metrics')).not.toMatch(/^lb_persist_(up|queue)/m);
  }, 60_000);
});
