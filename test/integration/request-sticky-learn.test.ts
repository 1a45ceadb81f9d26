/** Sessions learnt from the backends' own cookies, on real sockets: the answer that begins one waits until others know it. */
import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '@lb/shared/store/memory-store';
import { StoreError } from '@lb/shared/store/store';
import { systemClock } from '@lb/shared/time/clock';
import { eventually } from '../support/eventually.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend, type Script } from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const STICKY = { sticky: { mode: 'learn', cookie: 'SID' }, policy: 'round_robin' };
const SESSION = GET.replace('\r\n\r\n', '\r\nCookie: SID=s1\r\n\r\n');

/** One whose answers begin the session s1. */
const begins = (body: string): Script => answers(ok(body, 'Set-Cookie: SID=s1; Path=/\r\n'));
const ask = async ({ port }: Harness, request: string): Promise<string> =>
  (await askOnce(port, request)).body.toString();

/** A store whose `remember` is done when the test says so. */
class HeldStore extends MemoryStore {
  readonly #gate = Promise.withResolvers<void>();
  told = 0;

  constructor() {
    super(() => systemClock.monotonicMs());
  }

  open(): void {
    this.#gate.resolve();
  }

  fail(): void {
    this.#gate.reject(new StoreError('timeout', 'no answer in time'));
  }

  override async remember(...told: Parameters<MemoryStore['remember']>): Promise<void> {
    this.told++;
    await this.#gate.promise;
    return super.remember(...told);
  }
}

test('whoever set the cookie gets all that follows, through every worker', async () => {
  await using a = await scriptedBackend(begins('a'));
  await using b = await scriptedBackend(begins('b'));
  const store = new MemoryStore(() => systemClock.monotonicMs());
  const yaml = poolYaml([a.url, b.url], STICKY);
  await using first = await startWorker(yaml, '{}', store);
  await using second = await startWorker(yaml, '{}', store);
  const backend = await ask(first, GET);

  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add(await ask(i % 2 === 0 ? first : second, SESSION));

  expect([...seen]).toEqual([backend]);
});

describe('the answer that begins a session', () => {
  test.each([
    ['a small one', 'hello'],
    ['a large one', 'x'.repeat(3_000_000)],
    ['an empty one', ''],
  ])('waits for the store, and is whole then: %s', async (_what, body) => {
    const store = new HeldStore();
    await using backend = await scriptedBackend(begins(body));
    await using worker = await startWorker(poolYaml([backend.url], STICKY), '{}', store);
    using client = await connectRaw(worker.port);
    client.send(GET);
    await eventually(() => expect(store.told).toBe(1));
    // By the time that another request is through, what was to come would have come.
    await askOnce(worker.port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    const early = client.text;

    store.open();
    const answer = await client.takeMessage();

    expect(early).toBe('');
    expect(answer?.body.toString() === body).toBe(true);
  });

  test('in chunks, with trailers', async () => {
    const store = new HeldStore();
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: SID=s1\r\n\r\n' +
      '3\r\none\r\n3\r\ntwo\r\n0\r\nX-Last: 1\r\n\r\n';
    await using backend = await scriptedBackend(answers(chunked));
    await using worker = await startWorker(poolYaml([backend.url], STICKY), '{}', store);
    using client = await connectRaw(worker.port);
    client.send(GET);
    await eventually(() => expect(store.told).toBe(1));

    store.open();
    const answer = await client.takeMessage();

    expect(answer?.body.toString()).toBe('onetwo');
    expect(answer?.trailers).toEqual([['X-Last', '1']]);
  });

  test('goes on when the store is away', async () => {
    const store = new HeldStore();
    await using backend = await scriptedBackend(begins('a'));
    await using worker = await startWorker(poolYaml([backend.url], STICKY), '{}', store);
    using client = await connectRaw(worker.port);
    client.send(GET);
    await eventually(() => expect(store.told).toBe(1));

    store.fail();

    expect((await client.takeMessage())?.body.toString()).toBe('a');
  });

  test.each(['', 'half'])(
    'is cut by its backend meanwhile: the client sees none that looks whole (%p)',
    async (body) => {
      const store = new HeldStore();
      await using backend = await scriptedBackend(async (peer) => {
        await peer.takeMessage();
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\nSet-Cookie: SID=s1\r\n\r\n${body}`);
        await eventually(() => expect(store.told).toBe(1));
        peer.end();
      });
      await using worker = await startWorker(poolYaml([backend.url], STICKY), '{}', store);
      using client = await connectRaw(worker.port);
      client.send(GET);
      await eventually(() => expect(backend.peers[0]?.socket.writableFinished).toBe(true));

      store.open();

      expect(await client.takeMessage()).toBeUndefined();
    },
  );
});
