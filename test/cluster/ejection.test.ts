import { describe, expect, test } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';
import { startBackend } from '../support/running-lbctl.ts';

/** Without probes, so that nothing but traffic speaks. */
const pool = (urls: readonly string[], settings: string): string => `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools:
  web:
    policy: round_robin
    backends: [${urls.map((url, index) => `{ url: "${url}", name: b${index} }`).join(', ')}]
    healthCheck: { type: none }
    ${settings}
`;

const fine = (_: IncomingMessage, response: ServerResponse): unknown => response.end('fine');
const refusing = (_: IncomingMessage, response: ServerResponse): unknown =>
  response.writeHead(503).end('overloaded');

async function backendOf(lb: Instance, name: string) {
  const { backends } = await lb.pool('web');
  const backend = backends.find((each) => each.name === name);
  if (backend === undefined) throw new Error(`no backend ${name}`);
  return backend;
}

/** Until when the log says that a backend is out, for each of its ejections; and since when. */
function ejections(lb: Instance): { readonly lastsMs: number; readonly inARow: number }[] {
  return lb
    .log()
    .split('\n')
    .filter((line) => line.includes('"backend ejected"'))
    .map((line) => {
      const { time, until, inARow } = JSON.parse(line) as Record<string, string>;
      return {
        lastsMs: Date.parse(until ?? '') - new Date(time ?? '').getTime(),
        inARow: Number(inARow),
      };
    });
}

describe('passive health', () => {
  test('ejects a backend that answers 503 in both workers, longer the second time', async () => {
    await using good = await startBackend(fine);
    await using bad = await startBackend(refusing);
    await using lb = await startLbctl(pool([good.url, bad.url], 'passiveHealth: { ejectFor: 1s }'));
    using load = startLoad({ port: lb.port, connections: 20 });

    await eventually(async () => {
      expect(await backendOf(lb, 'b1')).toMatchObject({
        state: 'ejected',
        reason: expect.stringMatching(/^\d+ errors in a row: 503; ejected until /) as unknown,
      });
    });
    await eventually(() => expect(ejections(lb).length).toBeGreaterThan(1));
    const [first, second] = ejections(lb);
    expect([first?.inARow, second?.inARow]).toEqual([1, 2]);
    expect(second?.lastsMs).toBeGreaterThan(1_500);
    const { failures, succeeded } = await load.stop();
    const rounds = ejections(lb).length;
    expect(await lb.metric('lb_ejections_total', 'backend="b1"')).toBe(rounds);
    // Each round: what it takes, and what was in flight in either worker. One that went on would have had half of all.
    expect(failures.get('503')).toBeLessThanOrEqual(rounds * 40);
    expect(succeeded).toBeGreaterThan(rounds * 80);
  });

  test('ejects a backend that resets in the middle of its bodies', async () => {
    await using good = await startBackend(fine);
    await using bad = await startBackend((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('the beginning', () => response.socket?.resetAndDestroy());
    });
    await using lb = await startLbctl(pool([good.url, bad.url], ''));
    using load = startLoad({ port: lb.port, connections: 10 });

    await eventually(async () => {
      const { state, reason } = await backendOf(lb, 'b1');
      expect([state, reason]).toEqual(['ejected', expect.stringMatching(/in a row: reset;/)]);
    });
    const [, , line] = (await lb.run('backends')).stdout.split('\n');
    expect(line).toMatch(/b1 +ejected .* errors in a row: reset; ejected until /);
    await load.stop();
  });

  test.each([
    ['error_rate', 'errorRate: 0.3', /^\d+ % errors, \d+ of \d+ requests: 503;/],
    ['latency', 'latencyFactor: 3', /^p95 of \d+ ms, .* times the .* ms of the pool;/],
  ])('ejects a backend by its %s, seen by both workers', async (reason, setting, words) => {
    let count = 0;
    await using first = await startBackend(fine);
    await using second = await startBackend(fine);
    await using odd = await startBackend((request, response) => {
      if (reason === 'latency') setTimeout(() => response.end('late'), 1_000);
      else if (count++ % 2 === 0) refusing(request, response);
      else response.end('fine');
    });
    const settings = `passiveHealth: { consecutiveErrors: 0, ${setting}, window: 5s }`;
    await using lb = await startLbctl(pool([first.url, second.url, odd.url], settings));
    using load = startLoad({ port: lb.port, connections: 20 });

    await eventually(async () => {
      expect(await lb.metric('lb_ejections_total', `backend="b2",reason="${reason}"`)).toBe(1);
    }, 20_000);

    expect((await backendOf(lb, 'b2')).reason).toMatch(words);
    expect(await lb.metric('lb_ejections_total')).toBe(1);
    await load.stop();
  });

  test('an ejection outlives a reload, and workers that start later know of it', async () => {
    await using good = await startBackend(fine);
    await using bad = await startBackend(refusing);
    const yaml = pool([good.url, bad.url], '');
    await using lb = await startLbctl(yaml);
    using before = startLoad({ port: lb.port, connections: 10 });
    await eventually(async () => expect((await backendOf(lb, 'b1')).state).toBe('ejected'));
    await before.stop();

    await lb.write(yaml.replace('workers: 2', 'workers: 3').replace('round_robin', 'random'));
    expect((await lb.run('reload')).code).toBe(0);
    for (const pid of (await lb.workerPids()).slice(0, 2)) process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(await lb.metric('lb_worker_restarts_total')).toBe(2);
      expect(await lb.metric('lb_workers', 'state="running"')).toBe(3);
    });

    expect((await backendOf(lb, 'b1')).state).toBe('ejected');
    using after = startLoad({ port: lb.port, connections: 10, requests: 200 });
    expect((await after.done).failures).toEqual(new Map());
  });

  test('spares what the limits protect', async () => {
    await using first = await startBackend(refusing);
    await using second = await startBackend(refusing);
    await using third = await startBackend(refusing);
    await using lb = await startLbctl(
      pool(
        [first.url, second.url, third.url],
        'passiveHealth: { maxEjectedPercent: 34, ejectFor: 1m }',
      ),
    );
    using load = startLoad({ port: lb.port, connections: 10 });

    await eventually(async () => {
      expect(await lb.metric('lb_ejections_suppressed_total')).toBeGreaterThan(10);
    });

    const states = (await lb.pool('web')).backends.map(({ state }) => state);
    expect(states.filter((state) => state === 'ejected')).toHaveLength(1);
    expect(lb.log().match(/"backend not ejected/g)?.length).toBeLessThanOrEqual(2);
    await load.stop();
  });

  test('panics when too few are left, loudly, and gives all of them traffic', async () => {
    await using good = await startBackend(fine);
    let isBroken = true;
    await using bad = await startBackend((request, response) =>
      isBroken ? refusing(request, response) : fine(request, response),
    );
    await using lb = await startLbctl(
      pool(
        [good.url, bad.url],
        'panicThreshold: 60\n    passiveHealth: { ejectFor: 1s, maxEjectFor: 1s }',
      ),
    );
    using load = startLoad({ port: lb.port, connections: 10 });

    await eventually(async () => expect(await lb.metric('lb_pool_panic')).toBe(1));
    const before = await lb.metric('lb_backend_requests_total', 'backend="b1"');
    await eventually(async () => {
      expect(await lb.metric('lb_backend_requests_total', 'backend="b1"')).toBeGreaterThan(before);
    });
    isBroken = false;
    await eventually(async () => {
      expect((await backendOf(lb, 'b1')).state).toBe('up');
      expect(await lb.metric('lb_pool_panic')).toBe(0);
    });
    expect(lb.log()).toContain('panic is over');
    expect(await lb.metric('lb_events_total', 'type="panic"')).toBeGreaterThanOrEqual(2);
    await load.stop();
  });
});
