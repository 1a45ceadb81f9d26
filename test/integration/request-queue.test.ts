/** Requests that wait while every backend is full. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type HoldingBackend, startHoldingBackend } from '../support/holding-backend.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { RawClient } from '../support/raw-client.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

interface Scene extends AsyncDisposable {
  readonly worker: Harness;
  readonly backends: readonly HoldingBackend[];
  /** The backend, where there is one only. */
  readonly backend: HoldingBackend;
  /** @param pool other keys of the pool @param backend other keys of each backend */
  yaml(pool?: object, backend?: object): string;
  get(path?: string, init?: RequestInit): Promise<Response>;
}

/** Backends that take two requests each, unless said otherwise. */
async function startScene(count: number, pool: object = {}): Promise<Scene> {
  const backends = await Promise.all(Array.from({ length: count }, startHoldingBackend));
  const yaml = (more: object = {}, backend: object = {}): string =>
    poolYaml(
      backends.map(({ url }, place) => ({ url, name: `b${place}`, maxConnections: 2, ...backend })),
      { policy: 'round_robin', ...pool, ...more },
    );
  const worker = await startWorker(yaml());
  const [backend] = backends;
  if (backend === undefined) throw new Error('there is at least one');
  return {
    worker,
    backends,
    backend,
    yaml,
    get: (path = '/', init) => fetch(`${worker.url}${path}`, init),
    async [Symbol.asyncDispose]() {
      for (const each of backends) each.letGo();
      await worker[Symbol.asyncDispose]();
      for (const each of backends) await each[Symbol.asyncDispose]();
    },
  };
}

const statusesOf = async (answers: readonly Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status);

const waiting = ({ messages }: Harness): number => metricTotal(messages, 'lb_pool_queue_length');

/** As many requests as there is room for, and then so many more that wait. */
async function fill(scene: Scene, more: number): Promise<Promise<Response>[]> {
  const room = scene.backends.length * 2;
  const answers = Array.from({ length: room + more }, () => scene.get());
  await eventually(() => {
    for (const { held } of scene.backends) expect(held).toHaveLength(2);
    expect(waiting(scene.worker)).toBe(more);
  });
  return answers;
}

test('a backend never has more than maxConnections, and everybody is served in the end', async () => {
  await using scene = await startScene(2);
  const answers = await fill(scene, 10);

  for (const backend of scene.backends) backend.letGo();

  expect(await statusesOf(answers)).toEqual(Array.from({ length: 14 }, () => 200));
  expect(scene.backends.map(({ most }) => most)).toEqual([2, 2]);
  await eventually(() => expect(waiting(scene.worker)).toBe(0));
});

test('a full backend is passed over while another has room', async () => {
  await using scene = await startScene(2);
  const [first, second] = scene.backends;
  const answers = Array.from({ length: 4 }, () => scene.get());
  await eventually(() => expect(second?.held.length).toBe(2));
  second?.letGo();

  const more = await statusesOf([scene.get(), scene.get(), scene.get()]);

  expect(more).toEqual([200, 200, 200]);
  expect(first?.arrived).toHaveLength(2);
  first?.letGo();
  expect(await statusesOf(answers)).toEqual([200, 200, 200, 200]);
});

test('a queue that is full refuses with 503, queue_full and Retry-After', async () => {
  await using scene = await startScene(1, { queue: { max: 1 } });
  const answers = await fill(scene, 1);

  const refused = await scene.get();

  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('proxy-status')).toBe(
    'lb; error=connection_limit_reached; details="queue_full"',
  );
  scene.backend.letGo();
  expect(await statusesOf(answers)).toEqual([200, 200, 200]);
  await eventually(() =>
    expect(metricTotal(scene.worker.messages, 'lb_pool_queue_rejected_total', 'queue_full')).toBe(
      1,
    ),
  );
});

test('queue.max 0 lets nobody wait', async () => {
  await using scene = await startScene(1, { queue: { max: 0 } });
  const answers = [scene.get(), scene.get()];
  await eventually(() => expect(scene.backend.held).toHaveLength(2));

  expect((await scene.get()).status).toBe(503);

  scene.backend.letGo();
  expect(await statusesOf(answers)).toEqual([200, 200]);
});

test('who waits too long gets 503 and queue_timeout', async () => {
  await using scene = await startScene(1, { queue: { timeout: '50ms' } });
  const answers = [scene.get(), scene.get()];
  await eventually(() => expect(scene.backend.held).toHaveLength(2));

  const refused = await scene.get();

  expect(refused.status).toBe(503);
  expect(refused.headers.get('proxy-status')).toContain('details="queue_timeout"');
  scene.backend.letGo();
  expect(await statusesOf(answers)).toEqual([200, 200]);
});

test('a client that leaves gives its place up', async () => {
  await using scene = await startScene(1);
  const leaving = new AbortController();
  const answers = [scene.get(), scene.get()];
  await eventually(() => expect(scene.backend.held).toHaveLength(2));
  const left = scene.get('/left', { signal: leaving.signal }).catch(() => 'gone');
  await eventually(() => expect(waiting(scene.worker)).toBe(1));

  leaving.abort();

  expect(await left).toBe('gone');
  await eventually(() => expect(waiting(scene.worker)).toBe(0));
  scene.backend.letGo();
  await statusesOf([...answers, scene.get('/next')]);
  expect(scene.backend.arrived).not.toContain('/left');
});

test('the time of the route runs in the queue, too', async () => {
  await using scene = await startScene(1);
  scene.worker.apply(
    `${scene.yaml()}routes: [{ match: { paths: [/short] }, pool: web, timeout: 50ms }, { pool: web }]\n`,
  );
  const answers = [scene.get(), scene.get()];
  await eventually(() => expect(scene.backend.held).toHaveLength(2));

  expect((await scene.get('/short')).status).toBe(504);

  scene.backend.letGo();
  await statusesOf(answers);
  expect(scene.backend.arrived).not.toContain('/short');
});

test('a body that comes while its request waits is whole, and the client is not read meanwhile', async () => {
  await using scene = await startScene(1);
  const answers = [scene.get(), scene.get()];
  await eventually(() => expect(scene.backend.held).toHaveLength(2));
  using client = await RawClient.connect(scene.worker.port);
  const bytes = 8 * 1024 * 1024;
  client.socket.write(`POST /big HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${bytes}\r\n\r\n`);
  client.socket.write(Buffer.alloc(bytes, 'x'));
  await eventually(() => expect(waiting(scene.worker)).toBe(1));
  expect(client.socket.writableLength).toBeGreaterThan(bytes / 4);

  scene.backend.letGo();

  expect((await client.response()).status).toBe(200);
  expect(await statusesOf(answers)).toEqual([200, 200]);
});

test('a reload with a higher limit lets more through at once, and with a lower one fewer', async () => {
  await using scene = await startScene(1);
  const answers = await fill(scene, 4);

  scene.worker.apply(scene.yaml({}, { maxConnections: 5 }));
  await eventually(() => expect(scene.backend.held).toHaveLength(5));
  scene.worker.apply(scene.yaml({}, { maxConnections: 1 }));
  for (let left = 5; left > 1; left--) scene.backend.answer();
  await eventually(() => expect(scene.backend.held).toHaveLength(1));
  scene.backend.answer();
  await eventually(() => expect(scene.backend.held).toHaveLength(1));
  scene.backend.letGo();

  expect(await statusesOf(answers)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(scene.backend.arrived).toHaveLength(6);
});

test('a backend that comes up takes those that wait', async () => {
  await using scene = await startScene(2);
  scene.worker.setState(1, 'down');
  const answers = Array.from({ length: 4 }, () => scene.get());
  await eventually(() => expect(waiting(scene.worker)).toBe(2));

  scene.worker.setState(1, 'up');

  await eventually(() => expect(scene.backends[1]?.held).toHaveLength(2));
  for (const backend of scene.backends) backend.letGo();
  expect(await statusesOf(answers)).toEqual([200, 200, 200, 200]);
});

test('nobody waits for backends that went down', async () => {
  await using scene = await startScene(1);
  const answers = await fill(scene, 1);

  scene.worker.setState(0, 'down');

  const refused = await Promise.any(
    answers.map(async (answer) => {
      const response = await answer;
      if (response.status !== 503) throw new Error('served');
      return response;
    }),
  );
  expect(refused.headers.get('proxy-status')).toContain('details="no_backend"');
});

test('adaptiveConcurrency begins with three in flight, and the next goes elsewhere', async () => {
  await using scene = await startScene(2, { adaptiveConcurrency: true });
  const [first, second] = scene.backends;
  scene.worker.apply(scene.yaml({ policy: 'ip_hash' }, { maxConnections: 0 }));

  const answers = Array.from({ length: 6 }, () => scene.get());

  await eventually(() => expect([first?.held.length, second?.held.length]).toEqual([3, 3]));
  for (const backend of scene.backends) backend.letGo();
  expect(await statusesOf(answers)).toEqual(answers.map(() => 200));
});

test('a request of a session waits for its backend although others have room', async () => {
  await using scene = await startScene(2, { sticky: { mode: 'cookie' } });
  const [first] = scene.backends;
  for (const backend of scene.backends) backend.letGo();
  const cookie = (await scene.get()).headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(first?.arrived).toHaveLength(1);
  await using busy = await startScene(2, { sticky: { mode: 'cookie' } });
  const inSession = (): Promise<Response> => busy.get('/session', { headers: { cookie } });
  const answers = [inSession(), inSession()];
  await eventually(() => expect(busy.backends[0]?.held).toHaveLength(2));
  answers.push(inSession());
  await eventually(() => expect(waiting(busy.worker)).toBe(1));

  for (const backend of busy.backends) backend.letGo();

  expect(await statusesOf(answers)).toEqual([200, 200, 200]);
  expect(busy.backends.map(({ arrived }) => arrived.length)).toEqual([3, 0]);
});
