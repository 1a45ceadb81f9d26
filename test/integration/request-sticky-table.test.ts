/** Sessions in a table, on real sockets: workers that share a store, as those of one instance or of several do. */
import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '@lb/shared/store/memory-store';
import type { Taken } from '@lb/shared/store/store';
import { systemClock } from '@lb/shared/time/clock';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend } from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const STICKY = { sticky: { mode: 'table', key: 'cookie:SID' }, policy: 'round_robin' };

const get = (session: string): string =>
  `GET / HTTP/1.1\r\nHost: site\r\nConnection: close\r\nCookie: SID=${session}\r\n\r\n`;
const ask = async ({ port }: Harness, session: string): Promise<string> =>
  (await askOnce(port, get(session))).body.toString();
const newStore = (): MemoryStore => new MemoryStore(() => systemClock.monotonicMs());
const total = (workers: readonly Harness[], result: string): number =>
  workers.reduce((sum, one) => sum + metricTotal(one.messages, 'lb_sticky_total', result), 0);

test('one session sees one backend through two workers, a reload and a worker’s death', async () => {
  await using a = await scriptedBackend(answers(ok('a')));
  await using b = await scriptedBackend(answers(ok('b')));
  await using c = await scriptedBackend(answers(ok('c')));
  const yaml = poolYaml([a.url, b.url, c.url], STICKY);
  const store = newStore();
  await using first = await startWorker(yaml, '{}', store);
  await using second = await startWorker(yaml, '{}', store);
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) seen.add(await ask(i % 2 === 0 ? first : second, 'ann'));
  first.apply(poolYaml([c.url, b.url, a.url], { ...STICKY, retries: { attempts: 2 } }));
  second.drain(0);
  await using third = await startWorker(yaml, '{}', store);

  for (let i = 0; i < 40; i++) seen.add(await ask(i % 2 === 0 ? first : third, 'ann'));

  expect(seen.size).toBe(1);
  await eventually(() => expect(total([first, second, third], 'new')).toBe(1));
});

test('its backend killed: the request that finds out is answered, and the session moves once', async () => {
  await using b = await scriptedBackend(answers(ok('b')));
  await using c = await scriptedBackend(answers(ok('c')));
  const a = await scriptedBackend(answers(ok('a')));
  const store = newStore();
  const one = poolYaml([a.url], STICKY);
  await using first = await startWorker(one, '{}', store);
  await using second = await startWorker(one, '{}', store);
  const before = [await ask(first, 'ann'), await ask(second, 'ann')];
  for (const worker of [first, second]) worker.apply(poolYaml([a.url, b.url, c.url], STICKY));
  await a[Symbol.asyncDispose]();

  const after = new Set<string>();
  for (let i = 0; i < 20; i++) after.add(await ask(i % 2 === 0 ? first : second, 'ann'));

  expect(before).toEqual(['a', 'a']);
  expect(after.size).toBe(1);
  await eventually(() => expect(total([first, second], 'rebound')).toBe(1));
});

test('clients by their address', async () => {
  await using a = await scriptedBackend(answers(ok('a')));
  await using b = await scriptedBackend(answers(ok('b')));
  const sticky = { ...STICKY, sticky: { mode: 'table', key: 'client_ip' } };
  await using worker = await startWorker(poolYaml([a.url, b.url], sticky));

  const seen = new Set<string>();
  for (let i = 0; i < 6; i++) seen.add(await ask(worker, `${i}`));

  expect(seen.size).toBe(1);
});

test('a worker accepts nothing before it knows whether the store is there', async () => {
  const gate = Promise.withResolvers<void>();
  let probes = 0;
  class SlowStore extends MemoryStore {
    override async take(...asked: Parameters<MemoryStore['take']>): Promise<Taken> {
      probes++;
      await gate.promise;
      return super.take(...asked);
    }
  }
  await using a = await scriptedBackend(answers(ok('a')));
  let isAccepting = false;
  const starting = startWorker(poolYaml([a.url], STICKY), '{}', new SlowStore(() => 0));
  void starting.then(() => (isAccepting = true));
  await eventually(() => expect(probes).toBeGreaterThan(0));
  const wasAccepting = isAccepting;

  gate.resolve();

  await using worker = await starting;
  expect(wasAccepting).toBe(false);
  expect(await ask(worker, 'ann')).toBe('a');
});

describe('while the store is slow to say', () => {
  /** One that answers when it is told to. */
  class HeldStore extends MemoryStore {
    readonly #gate = Promise.withResolvers<void>();
    asked = 0;

    open(): void {
      this.#gate.resolve();
    }

    override async find(...asked: Parameters<MemoryStore['find']>): Promise<string | undefined> {
      this.asked++;
      await this.#gate.promise;
      return super.find(...asked);
    }
  }

  test('a body waits along, and goes to the backend whole', async () => {
    const store = new HeldStore(() => systemClock.monotonicMs());
    await using a = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      peer.send(ok(`${request?.body.length}`));
    });
    await using worker = await startWorker(poolYaml([a.url], STICKY), '{}', store);
    using client = await connectRaw(worker.port);
    client.send(
      'POST / HTTP/1.1\r\nHost: site\r\nCookie: SID=ann\r\nContent-Length: 300000\r\n\r\n',
    );
    client.send('x'.repeat(100_000));
    await eventually(() => expect(store.asked).toBe(1));
    client.send('x'.repeat(200_000));

    store.open();

    expect((await client.takeMessage())?.body.toString()).toBe('300000');
  });

  test('a client that leaves is not forwarded any more', async () => {
    const store = new HeldStore(() => systemClock.monotonicMs());
    await using a = await scriptedBackend(answers(ok('a')));
    await using worker = await startWorker(poolYaml([a.url], STICKY), '{}', store);
    const client = await connectRaw(worker.port);
    client.send(get('ann'));
    await eventually(() => expect(store.asked).toBe(1));
    client.reset();
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_http_requests_total', '499')).toBe(1),
    );

    store.open();

    expect(await ask(worker, 'bob')).toBe('a');
    expect(a.peers).toHaveLength(1);
  });
});
