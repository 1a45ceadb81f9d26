/** What a running instance lets be seen of itself: statistics, requests, events, explanations, and `lbctl top` on a real terminal. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ExplainReply, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { EventReply, HistoryReply, StatsSample } from '@lb/shared/admin-api/statistics';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startBackend } from '../support/running-lbctl.ts';
import { runOnTerminal } from '../support/terminal-run.ts';

const BIN = fileURLToPath(new URL('../../packages/primary/bin/lbctl.js', import.meta.url));

const SLOW_MS = 1_100;

const SCREEN_TAKEN = '\u001b[?1049h';
const SCREEN_GIVEN_BACK = '\u001b[?1049l';

let lb: Instance;
let backend: Awaited<ReturnType<typeof startBackend>>;

beforeAll(async () => {
  backend = await startBackend(({ url }, response) => {
    response.statusCode = url === '/bad' ? 500 : 200;
    setTimeout(() => response.end('answer'), url === '/slow' ? SLOW_MS : 40);
  });
  lb = await startLbctl(`
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
routes: [{ name: all, pool: web }]
pools:
  web:
    circuitBreaker: {}
    backends: [{ url: "${backend.url}", name: b0, maxConnections: 50 }]
    slowStart: 1s
`);
}, 60_000);

afterAll(async () => {
  await lb[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

/** Requests on connections of their own, so that both workers get some. */
async function get(path: string, times = 1): Promise<Response[]> {
  return Promise.all(
    Array.from({ length: times }, async () => {
      const answer = await fetch(`http://127.0.0.1:${lb.port}${path}`, {
        headers: { connection: 'close' },
      });
      await answer.text();
      return answer;
    }),
  );
}

async function nextSamples(count: number): Promise<StatsSample[]> {
  const samples: StatsSample[] = [];
  const enough = new AbortController();
  await lb.admin.watch(
    '/api/v1/stats/stream',
    (sample) => {
      samples.push(sample as StatsSample);
      if (samples.length === count) enough.abort();
    },
    enough.signal,
  );
  return samples;
}

const history = (query: string): Promise<HistoryReply> =>
  lb.admin.get<HistoryReply>(`/api/v1/stats/history?${query}`);

const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, each) => total + (each ?? 0), 0);

describe('statistics', () => {
  test('say of instance, route, pool and backend what clients saw, and keep it over the death of a worker', async () => {
    await get('/', 60);
    await get('/bad', 20);
    const seen = await eventually(async () => {
      const [sample] = await nextSamples(1);
      const reading = sample?.pools[0]?.backends[0];
      expect(reading?.errorRate).toBeCloseTo(0.25, 5);
      return { sample, reading };
    });
    expect(seen.sample?.routes.find(({ name }) => name === 'all')?.errorRate).toBeCloseTo(0.25, 5);
    expect(seen.reading).toMatchObject({ name: 'b0', state: 'up', breaker: 'closed' });
    expect(seen.reading?.p50Ms).toBeGreaterThan(39);
    expect(seen.reading?.p99Ms).toBeLessThan(1_000);

    const [pid = 0] = await lb.workerPids();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      const { workers } = await lb.status();
      expect(workers.map((worker) => worker.pid)).not.toContain(pid);
      expect(workers.map(({ state }) => state)).toEqual(['running', 'running']);
    }, 20_000);
    for (const part of ['', '&route=all', '&pool=web', '&pool=web&backend=b0']) {
      const { requestsPerSecond, p50Ms, end } = await history(`seconds=900${part}`);
      // Rates, whose seconds get longer on a busy machine. Without what the dead worker saw they would be about half.
      expect(sum(requestsPerSecond)).toBeGreaterThan(60);
      expect(sum(requestsPerSecond)).toBeLessThan(100);
      expect(p50Ms).toHaveLength(requestsPerSecond.length);
      expect(Date.parse(end ?? '')).not.toBeNaN();
    }
  }, 60_000);

  test('come once a second', async () => {
    const samples = await nextSamples(4);
    const at = samples.map((sample) => Date.parse(sample.at));
    const gaps = at.slice(2).map((time, place) => time - (at[place + 1] ?? 0));
    expect(Math.round(sum(gaps) / 1_000)).toBe(2);
  });

  test('are in the pools and the status as well, with breaker and permits', async () => {
    const { backends, ...pool } = await lb.pool('web');
    expect(pool).toMatchObject({ available: 1, isPanicking: false, queueLength: 0 });
    expect(backends[0]).toMatchObject({ breaker: 'closed', permits: { limit: 50 } });
    expect(backends[0]?.recentProbes).toContain(true);
    expect((await lb.status()).totals.requests).toBeGreaterThanOrEqual(80);
    const { stdout } = await lb.run('backends');
    expect(stdout).toMatch(/b0 +up +1 +0\/50/);
  });
});

describe('events', () => {
  test('tell what happened and who did it, and what happens while somebody follows', async () => {
    const { stdout } = await lb.run('events');
    expect(stdout).toContain('backend up  pool=web backend=b0');
    expect(stdout).toContain('worker died');
    const seen: EventReply[] = [];
    const enough = new AbortController();
    const watching = lb.admin.watch(
      '/api/v1/events',
      (event) => seen.push(event as EventReply),
      enough.signal,
    );
    const one = ['web/b0', '--force'];
    await lb.run('drain', ...one);
    await lb.run('enable', 'web/b0');
    await eventually(() => {
      const messages = seen.map(({ message }) => message);
      expect(messages).toContain('backend drained');
      expect(messages).toContain('slow start of a backend begun');
      expect(messages).toContain('slow start of a backend over');
      const actions = seen.filter(({ type }) => type === 'admin_action');
      expect(actions.map(({ facts }) => facts['action'])).toEqual(['drain', 'enable']);
      expect(actions[0]?.facts['by']).toMatch(/^lbctl/);
    });
    enough.abort();
    await watching;
  }, 60_000);
});

describe('lbctl logs', () => {
  const follow = (...args: string[]) => {
    const child = spawn(process.execPath, [
      BIN,
      'logs',
      '-f',
      ...args,
      '--socket',
      `${lb.folder}/lb.sock`,
    ]);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    return { child, lines: () => stdout.split('\n').slice(0, -1) };
  };

  test('follows what passes its filter, over the death of a worker, until Ctrl-C', async () => {
    const { child, lines } = follow('-n', '0', '--status', '5xx', '--backend', 'web/b0');
    const seen = async (count: number): Promise<void> => {
      await get('/bad', 4);
      if (lines().length < count) throw new Error(`${lines().length} lines`);
    };
    await eventually(() => seen(4), 20_000);
    const [pid = 0] = await lb.workerPids();
    process.kill(pid, 'SIGKILL');
    const before = lines().length;
    await eventually(async () => {
      expect((await lb.status()).workers.filter(({ state }) => state === 'running')).toHaveLength(
        2,
      );
      expect(await lb.workerPids()).not.toContain(pid);
      await seen(before + 40);
    }, 20_000);
    await get('/', 4);
    for (const line of lines())
      expect(JSON.parse(line)).toMatchObject({ status: 500, path: '/bad', backend: 'b0' });
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  }, 60_000);

  test('without -f prints what is remembered, and says on stderr why there is not more', async () => {
    const { stdout, stderr, code } = await lb.run('logs', '-n', '2', '--status', '500');
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { status: 500, path: '/bad', query: null },
      { status: 500, path: '/bad', query: null },
    ]);
    expect(stderr).toContain('not in a file');
  });

  test('shows people a line each on a terminal, until Ctrl-C', async () => {
    const words = ['logs', '-f', '--socket', `${lb.folder}/lb.sock`];
    await using terminal = runOnTerminal([process.execPath, BIN, ...words]);
    await eventually(async () => {
      await get('/x?y=1');
      expect(terminal.output()).toMatch(
        /Z {2}200 +[\d.]+ ms {2}GET [\d.:]+\/x\?y=1 {2}all {2}web\/b0/,
      );
    }, 20_000);
    terminal.signal('SIGINT');
    expect(await terminal.ended).toEqual({ code: 130, isRestored: true });
  }, 60_000);

  test('refuses names that there are none of, so that silence means something', async () => {
    const { code, stderr } = await lb.run('logs', '--route', 'al');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'lbctl: no route is called "al"; did you mean "all"? (404)\n',
    });
    expect((await lb.run('logs', '--status', '6xx')).code).toBe(2);
  });
});

describe('an explanation', () => {
  test('comes from a worker of the instance', async () => {
    const { stdout, code } = await lb.run('explain', 'GET', 'http://a.example/x', '--json');
    const reply = JSON.parse(stdout) as ExplainReply;
    expect({ code, route: reply.route }).toEqual({ code: 0, route: 'all' });
    expect(reply.pool?.pick.backend).toBe('b0');
    expect((await lb.run('explain', 'GET', 'nonsense')).code).toBe(2);
    expect((await lb.run('explain', 'GET')).code).toBe(2);
    expect((await lb.run('explain', '--id', 'nobody')).code).toBe(1);
  });

  test('of a past request is there for errors and slow ones, by their id', async () => {
    await get('/bad');
    await get('/slow');
    const { requests } = await lb.admin.get<{ requests: PastRequestReply[] }>('/api/v1/requests');
    const told = await Promise.all(
      ['/bad', '/slow'].map(async (path) => {
        const id = requests.find((request) => request.path === path)?.id ?? 'none';
        const { stdout } = await lb.run('explain', '--json', '--id', id);
        return JSON.parse(stdout) as PastRequestReply;
      }),
    );
    expect(told).toMatchObject([
      { kept: 'error', path: '/bad', status: 500, backend: 'b0' },
      { kept: 'slow', path: '/slow', status: 200 },
    ]);
    expect(told[1]?.totalMs).toBeGreaterThanOrEqual(SLOW_MS);
  });
});

describe('lbctl top', () => {
  const onTerminal = () => {
    const socket = `${lb.folder}/lb.sock`;
    return runOnTerminal([process.execPath, BIN, 'top', '--socket', socket]);
  };

  test('--once prints one plain picture, and without a terminal nothing else is possible', async () => {
    const { stdout, code } = await lb.run('top', '--once');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
    expect(stdout).toMatch(/web +b0 +up/);
    const refused = await lb.run('top');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--once');
  });

  test('takes keys, changes a backend when that is confirmed, and gives the terminal back', async () => {
    await using top = onTerminal();
    await eventually(() => expect(top.output()).toContain('> web'), 20_000);
    top.type('w7\ry');
    await eventually(() => expect(top.output()).toContain('web/b0: up, weight 7'));
    expect((await lb.pool('web')).backends[0]?.effectiveWeight).toBe(7);
    top.type('q');
    expect(await top.ended).toEqual({ code: 0, isRestored: true });
    expect(top.output()).toContain(SCREEN_GIVEN_BACK);
  }, 60_000);

  test.each<[string, (top: ReturnType<typeof onTerminal>) => void, number]>([
    ['Ctrl-C', (top) => top.type('\u0003'), 130],
    ['SIGTERM', (top) => top.signal('SIGTERM'), 0],
    ['SIGHUP', (top) => top.signal('SIGHUP'), 0],
  ])(
    'gives the terminal back on %s',
    async (_, leave, code) => {
      await using top = onTerminal();
      await eventually(() => expect(top.output()).toContain('> web'), 20_000);
      leave(top);
      expect(await top.ended).toEqual({ code, isRestored: true });
      expect(top.output()).toContain(SCREEN_GIVEN_BACK);
    },
    60_000,
  );

  test('comes back after Ctrl-Z', async () => {
    await using top = onTerminal();
    await eventually(() => expect(top.output()).toContain('> web'), 20_000);
    top.type('\u001a');
    await eventually(() => expect(top.output()).toContain(SCREEN_GIVEN_BACK));
    top.signal('SIGCONT');
    await eventually(() => expect(top.output().split(SCREEN_TAKEN)).toHaveLength(3));
    top.type('q');
    expect(await top.ended).toEqual({ code: 0, isRestored: true });
  }, 60_000);
});
