/** One cache for two instances of two workers each: one request to the backend for each missing answer, and purges reach everybody. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { Instance } from '../support/lbctl.ts';
import { ask, type RawResponse, requestText } from '../support/raw-client.ts';
import { type SharedRedis, shareRedis } from '../support/shared-redis.ts';

const CLIENTS = 1_000;

/** A backend that lets requests wait, by target, and answers with a number that counts up. */
class CountingBackend implements AsyncDisposable {
  readonly #waiting: ServerResponse[] = [];
  readonly #asked = new Map<string, number>();
  #isHolding = false;
  #last = 0;
  readonly #server = createServer(({ url = '' }, response) => {
    this.#asked.set(url, this.askedFor(url) + 1);
    if (this.#isHolding) this.#waiting.push(response);
    else this.#answer(response);
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  askedFor(url: string): number {
    return this.#asked.get(url) ?? 0;
  }

  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
    for (const response of this.#waiting.splice(0)) this.#answer(response);
  }

  #answer(response: ServerResponse): void {
    response.writeHead(200, { 'cache-control': 'max-age=60', 'surrogate-key': 'pages' });
    response.end(String(++this.#last));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

let shared: SharedRedis;
let backend: CountingBackend;
let pair: readonly [Instance, Instance];

beforeAll(async () => {
  backend = new CountingBackend();
  const url = await backend.start();
  shared = await shareRedis(0);
  pair = await shared.startPair(
    `pools: { web: { backends: ["${url}"], retries: { attempts: 0 } } }\n` +
      'caches: { c: { shared: true } }\nroutes: [{ name: all, pool: web, cache: c }]\n',
  );
  await eventually(async () => {
    const known = await Promise.all(pair.map((instance) => instance.status()));
    if (known.some(({ instances }) => instances.length < 2)) throw new Error('one is alone still');
  }, 5_000);
}, 60_000);

afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

/** Both instances have the same host in their requests. */
const get = (instance: Instance, target: string): Promise<RawResponse> =>
  ask(instance.port, requestText(`GET ${target}`));

const bodiesOf = (answers: readonly RawResponse[]): string[] => [
  ...new Set(answers.map(({ status, body }) => `${status} ${body}`)),
];

/** Everybody answers out of what is stored. */
async function stored(target: string): Promise<string> {
  const answers: RawResponse[] = [];
  for (let i = 0; i < 8; i++) answers.push(await get(pair[i % 2 === 0 ? 0 : 1], target));
  return bodiesOf(answers).join();
}

test('a thousand requests at once for one missing answer are one request to the backend', async () => {
  backend.hold();
  const asking = Array.from({ length: CLIENTS }, (_, i) => get(pair[i % 2 === 0 ? 0 : 1], '/one'));
  await eventually(() => expect(backend.askedFor('/one')).toBe(1));
  await eventually(async () => {
    const inFlight = await Promise.all(
      pair.map((instance) => instance.metric('lb_http_requests_in_flight')),
    );
    expect(inFlight).toEqual([CLIENTS / 2, CLIENTS / 2]);
  }, 10_000);
  backend.release();

  const answers = await Promise.all(asking);
  expect(bodiesOf(answers).length).toBe(1);
  expect(answers[0]?.status).toBe(200);
  expect(backend.askedFor('/one')).toBe(1);
}, 60_000);

test('when the worker that fetches it is killed, one more request is made, by one of those that wait', async () => {
  const [first, second] = pair;
  backend.hold();
  const lost = get(first, '/two').catch((error: unknown) => error);
  await eventually(() => expect(backend.askedFor('/two')).toBe(1));
  const asking = Array.from({ length: 50 }, () => get(second, '/two'));
  await eventually(async () =>
    expect(await second.metric('lb_http_requests_in_flight')).toBe(asking.length),
  );

  for (const pid of await first.workerPids()) process.kill(pid, 'SIGKILL');
  await eventually(() => expect(backend.askedFor('/two')).toBe(2), 8_000);
  backend.release();

  const answers = await Promise.all(asking);
  expect(bodiesOf(answers).length).toBe(1);
  expect(answers[0]?.status).toBe(200);
  expect(backend.askedFor('/two')).toBe(2);
  await lost;
  await eventually(async () => expect((await get(first, '/two')).status).toBe(200), 8_000);
}, 60_000);

test.each([
  ['its URL', 'http://lb.test/three/a'],
  ['how its URL begins', 'http://lb.test/three/*'],
  ['a tag', 'pages'],
])(
  'a purge by %s at one instance is done at both when it returns',
  async (_, target) => {
    const [first, second] = pair;
    const before = await stored('/three/a');
    expect(before).toMatch(/^200 \d+$/);

    const { code, stderr } = await first.run('cache', 'purge', target);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const asked = backend.askedFor('/three/a');
    const answers = await Promise.all([get(second, '/three/a'), get(first, '/three/a')]);

    expect(bodiesOf(answers)).not.toContain(before);
    expect(await stored('/three/a')).not.toBe(before);
    expect(backend.askedFor('/three/a')).toBe(asked + 1);
  },
  60_000,
);

test('an unsafe request at one instance throws an answer out at both', async () => {
  const before = await stored('/four');

  await ask(pair[0].port, requestText('DELETE /four'));

  await eventually(async () => expect(await stored('/four')).not.toContain(before));
}, 60_000);

test('cache stats says what is there', async () => {
  await stored('/five');

  const { code, stdout } = await pair[0].run('cache', 'stats', '--json');
  const { caches } = JSON.parse(stdout) as { caches: readonly object[] };

  expect(code).toBe(0);
  expect(caches).toEqual([expect.objectContaining({ name: 'c', shared: true })]);
});

test('without Redis each worker goes on by itself, and a purge says what it cannot reach', async () => {
  await stored('/six');
  shared.redis.signal('SIGSTOP');
  try {
    for (const target of ['/six', '/seven']) expect(await stored(target)).toMatch(/^(200 \d+,?)+$/);

    const { code, stderr } = await pair[0].run('cache', 'purge', 'http://lb.test/six');
    expect(code).toBe(1);
    expect(stderr).toContain('purge again when the store is back');
  } finally {
    shared.redis.signal('SIGCONT');
  }
}, 60_000);
