import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type {
  BackendChangeReply,
  BackendReply,
  OverridesReply,
} from '@lb/shared/admin-api/contract';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';
import { startBackend } from '../support/running-lbctl.ts';

/** Backends a and b that count what arrives; a request for /held waits until it is let go. */
async function startPair() {
  const arrived = { a: 0, b: 0 };
  const held: ServerResponse[] = [];
  const start = (name: 'a' | 'b') =>
    startBackend((request, response) => {
      arrived[name] += 1;
      if (request.url === '/held') held.push(response);
      else response.end(name);
    });
  const [a, b] = await Promise.all([start('a'), start('b')]);
  return {
    arrived,
    held,
    letGo: () => {
      for (const response of held.splice(0)) response.end('late');
    },
    yaml: (more = '') => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
pools:
  web:
    policy: weighted_round_robin
    healthCheck: { type: tcp }
    slowStart: 0s
    backends: [{ name: a, url: "${a.url}" }, { name: b, url: "${b.url}" }]
${more}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    },
  };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lbctl-state-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function change(lb: Instance, backend: string, wish: object): Promise<BackendChangeReply> {
  return lb.admin.put<BackendChangeReply>(`/api/v1/pools/web/backends/${backend}`, wish);
}

function backendOf(lb: Instance, name: string): Promise<BackendReply> {
  return lb.admin.get<BackendReply>(`/api/v1/pools/web/backends/${name}`);
}

async function get(lb: Instance, path = '/'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${lb.port}${path}`)).text();
}

/** Answers by backend. */
async function ask(lb: Instance, requests: number): Promise<{ a: number; b: number }> {
  const { answers, failures } = await startLoad({ port: lb.port, connections: 8, requests }).done;
  expect(failures).toEqual(new Map());
  return { a: answers.get('a') ?? 0, b: answers.get('b') ?? 0 };
}

describe('a drain', () => {
  test('loses no request under load, and the backend gets nothing that begins after the answer', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    const load = startLoad({ port: lb.port, connections: 20 });
    await eventually(() => expect(pair.arrived.a).toBeGreaterThan(100));

    const { state, inFlight } = await change(lb, 'a', { state: 'drain' });
    const atMost = pair.arrived.a + inFlight;
    const before = load.succeeded();
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(before + 1_000));
    const { failures } = await load.stop();

    expect(state).toBe('draining');
    expect(failures).toEqual(new Map());
    expect(pair.arrived.a).toBeLessThanOrEqual(atMost);
    expect(await lb.metric('lb_backend_state', 'backend="a",state="draining"')).toBe(1);
    expect(await lb.metric('lb_pool_available_backends')).toBe(1);
  });

  test('lets what is in flight end, says when it is empty, and is waited for', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    const answers = [get(lb, '/held'), get(lb, '/held'), get(lb, '/held')];
    await eventually(() => expect(pair.held).toHaveLength(3));
    const busy = pair.arrived.a > pair.arrived.b ? 'a' : 'b';

    const waiting = lb.run('drain', `web/${busy}`, '--wait');
    await eventually(async () => expect((await backendOf(lb, busy)).state).toBe('draining'));
    expect((await backendOf(lb, busy)).inFlight).toBe(2);
    expect(await lb.metric('lb_events_total', 'drain_empty')).toBe(0);
    pair.letGo();

    expect(await Promise.all(answers)).toEqual(['late', 'late', 'late']);
    const { code, stderr } = await waiting;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`web/${busy}: empty, nothing is in flight\n`) as unknown,
    });
    expect(stderr).toContain('draining, weight 1, 2 in flight');
    expect(await lb.metric('lb_events_total', 'drain_empty')).toBe(1);
  });

  test('becomes maintenance at its deadline, and what is in flight goes on', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    await change(lb, 'b', { state: 'disabled' });
    const answer = get(lb, '/held');
    await eventually(() => expect(pair.held).toHaveLength(1));
    await change(lb, 'b', { state: 'enabled' });

    const { code, stderr } = await lb.run('drain', 'web/a', '--wait', '--deadline', '300ms');

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('the deadline has passed, 1 still in flight') as unknown,
    });
    expect(await backendOf(lb, 'a')).toMatchObject({
      state: 'maintenance',
      reason: expect.stringContaining('disabled by its drain') as unknown,
      inFlight: 1,
    });
    pair.letGo();
    expect(await answer).toBe('late');
  });
});

describe('what is changed at run time', () => {
  test('disable and enable take a backend out and bring it back', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());

    expect((await lb.run('disable', 'web/a')).code).toBe(0);
    expect(await ask(lb, 200)).toEqual({ a: 0, b: 200 });
    expect((await backendOf(lb, 'a')).state).toBe('maintenance');
    expect(await lb.metric('lb_backend_up', 'backend="a"')).toBe(0);

    expect((await lb.run('enable', 'web/a')).code).toBe(0);
    expect((await ask(lb, 200)).a).toBeGreaterThan(90);
    expect(await lb.metric('lb_admin_actions_total', 'result="ok"')).toBe(2);
    expect(await lb.metric('lb_events_total', 'type="override"')).toBe(2);
  });

  test('a weight shifts the shares, and is seen beside the configured one', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());

    expect((await lb.run('weight', 'web/a', '3')).code).toBe(0);
    const { a } = await ask(lb, 400);
    expect(Math.abs(a - 300)).toBeLessThanOrEqual(8);
    expect(await lb.metric('lb_backend_weight', 'backend="a"')).toBe(1);
    expect(await lb.metric('lb_backend_effective_weight', 'backend="a"')).toBe(3);
    expect((await lb.run('backends')).stdout).toContain('3 (1)');

    expect((await lb.run('weight', 'web/a', 'default')).code).toBe(0);
    expect((await backendOf(lb, 'a')).override).toBeNull();
  });

  test('the last backend is not taken out without force; then the instance is not ready', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    await change(lb, 'a', { weight: 0 });

    await expect(change(lb, 'b', { state: 'drain' })).rejects.toMatchObject({ status: 409 });
    const { code, stderr } = await lb.run('drain', 'web/b');
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining('b is the last backend of pool web') as unknown,
    });
    expect(await get(lb)).toBe('b');
    await expect(change(lb, 'c', { state: 'drain' })).rejects.toMatchObject({ status: 404 });

    expect((await lb.run('drain', 'web/b', '--force')).code).toBe(0);
    await expect(lb.admin.get('/readyz')).rejects.toMatchObject({ status: 503 });
    expect((await fetch(`http://127.0.0.1:${lb.port}/`)).status).toBe(503);
    expect(await lb.metric('lb_admin_actions_total', 'action="drain",result="refused"')).toBe(3);
  });

  test('holds for workers that start later', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    await change(lb, 'a', { state: 'disabled', weight: 7 });
    const [pid = 0] = await lb.workerPids();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      const { workers } = await lb.status();
      expect(workers.map(({ state }) => state)).toEqual(['running', 'running']);
      expect(workers.map((worker) => worker.pid)).not.toContain(pid);
    });
    expect(await ask(lb, 100)).toEqual({ a: 0, b: 100 });
  });

  test('outlives a reload, also one that takes the backend away for a while', async () => {
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml());
    const { warning } = await change(lb, 'a', { state: 'disabled', by: 'ann' });
    expect(warning).toContain('kept until this instance stops');

    await lb.write(pair.yaml().replace('name: a', 'name: c'));
    expect((await lb.run('reload')).code).toBe(0);
    expect((await ask(lb, 100)).a).toBeGreaterThan(40);
    const { overrides } = await lb.admin.get<OverridesReply>('/api/v1/overrides');
    expect(overrides).toMatchObject([{ backend: 'a', isConfigured: false, by: 'ann' }]);

    await lb.write(pair.yaml());
    expect((await lb.run('reload')).code).toBe(0);
    expect(await ask(lb, 100)).toEqual({ a: 0, b: 100 });
    expect((await lb.run('overrides', 'clear')).stderr).toContain('cleared 1 override');
    expect((await ask(lb, 100)).a).toBeGreaterThan(40);
  });

  test('outlives a restart, in the folder of systemd and in one that the file names', async () => {
    await using folder = await temporaryFolder();
    await using pair = await startPair();
    {
      await using lb = await startLbctl(pair.yaml(), {
        STATE_DIRECTORY: `${folder.path}:/elsewhere`,
      });
      const { warning } = await change(lb, 'a', { state: 'drain', deadlineMs: 600_000 });
      expect(warning).toBeNull();
    }
    await using lb = await startLbctl(pair.yaml(`stateDir: ${folder.path}\n`));
    expect((await backendOf(lb, 'a')).override).toMatchObject({ state: 'drain' });
    expect(await ask(lb, 100)).toEqual({ a: 0, b: 100 });
  });

  test('a damaged state file is said in the log, stops no start, and is written anew', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'overrides.json');
    await writeFile(path, '{"web/a": {"sta');
    await using pair = await startPair();
    await using lb = await startLbctl(pair.yaml(`stateDir: ${folder.path}\n`));

    await change(lb, 'a', { weight: 2 });

    expect(lb.log()).toContain('overrides.json: not JSON');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ 'web/a': { weight: 2 } });
  });
});
