/** A guarded store costs a request the timeout at most, and nothing while it is down. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GuardedStore } from '@lb/shared/store/guarded-store';
import { StoreError } from '@lb/shared/store/store';
import { StoreLog } from '../support/redis-store.ts';
import { ScriptedStore } from '../support/scripted-store.ts';

const TIMEOUT_MS = 50;
const session = { pool: 'web', key: 'k' };
const gone = new StoreError('unreachable', 'connection refused');

let nowMs: number;
let inner: ScriptedStore;
let log: StoreLog;
let store: GuardedStore;

/** Timers and clock move together; promises are settled in between. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left--) {
    nowMs++;
    await jest.advanceTimersByTimeAsync(1);
  }
}

/** Lets what is settled be seen. */
const tick = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

async function nextProbe(withinMs: number): Promise<ScriptedStore['probes'][number]> {
  const before = inner.probes.length;
  for (let ms = 0; ms <= withinMs && inner.probes.length === before; ms++) await pass(1);
  const probe = inner.probes[before];
  if (probe === undefined) throw new Error(`no probe within ${withinMs} ms`);
  return probe;
}

async function goUp(): Promise<void> {
  (await nextProbe(200)).resolve();
  await tick();
}

async function goDown(): Promise<void> {
  const asked = store.find(session, 1).catch((error: unknown) => error);
  inner.operations.at(-1)?.reject(gone);
  await asked;
}

beforeEach(() => {
  jest.useFakeTimers();
  nowMs = 1_000;
  inner = new ScriptedStore();
  log = new StoreLog();
  const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
  store = new GuardedStore(inner, { timeoutMs: TIMEOUT_MS, clock, random: () => 0.5, hooks: log });
});
afterEach(async () => {
  await store.close();
  jest.useRealTimers();
});

describe('a guarded store that starts', () => {
  test('lets whoever asks wait for the first connection', async () => {
    const asked = store.take([], 1);
    expect(inner.operations).toHaveLength(0);

    await goUp();

    inner.operations[0]?.resolve();
    expect(await asked).toMatchObject({ granted: 1 });
    expect(log.changes).toEqual(['up']);
    await store.known;
  });

  test('lets nobody wait longer than for an answer, and fails at once from then on', async () => {
    const asked = store.take([], 1).catch((error: unknown) => error);
    expect(store.isUp).toBe(true);

    await pass(TIMEOUT_MS + 1);

    expect(await asked).toBeInstanceOf(StoreError);
    expect(store.isUp).toBe(false);
    await expect(store.take([], 1)).rejects.toBeInstanceOf(StoreError);
    expect(inner.operations).toHaveLength(0);
  });

  test('says nothing of a connection that only has to be made', async () => {
    for (let i = 0; i < 10; i++) (await nextProbe(100)).reject(gone);
    await goUp();
    expect(log.changes).toEqual(['up']);
  });

  test('says after a second that there is none', async () => {
    for (let probe = 0; probe < 60; probe++) (await nextProbe(200)).reject(gone);
    expect(log.changes).toEqual(['connection refused']);
  });

  test('is known to be there, or not, from then on', async () => {
    let isKnown = false;
    void store.known.then(() => (isKnown = true));
    for (let probe = 0; probe < 10; probe++) (await nextProbe(200)).reject(gone);
    expect(isKnown).toBe(false);

    for (let probe = 0; probe < 50; probe++) (await nextProbe(200)).reject(gone);

    expect(isKnown).toBe(true);
  });
});

describe('a guarded store that is up', () => {
  beforeEach(goUp);

  test('hands on what the store answers, and counts it', async () => {
    const asked = store.find(session, 1);
    inner.operations[0]?.resolve();
    expect(await asked).toBe('a');
    expect(log.ended).toEqual(['find']);
  });

  test('fails an operation at the timeout, and those behind it with the same error', async () => {
    const first = store.find(session, 1).catch((error: unknown) => error);
    await pass(30);
    const second = store.take([], 1).catch((error: unknown) => error);
    await pass(TIMEOUT_MS - 30 - 1);
    expect(store.isUp).toBe(true);
    await pass(2);
    expect(await first).toMatchObject({ failure: 'timeout' });
    expect(await second).toBe(await first);
    expect(log.ended).toEqual(['find: timeout', 'take: timeout']);
  });

  test('gives each operation its whole timeout, however many came before', async () => {
    for (let i = 0; i < 10; i++) {
      const asked = store.find(session, 1);
      await pass(TIMEOUT_MS - 5);
      inner.operations[i]?.resolve();
      expect(await asked).toBe('a');
    }
    expect(store.isUp).toBe(true);
  });

  test('does not blame the store for a process that was held up itself', async () => {
    const asked = store.find(session, 1);
    nowMs += 10 * TIMEOUT_MS;
    // The timer is due; the answer, which came meanwhile, is read right after timers are.
    jest.advanceTimersByTime(TIMEOUT_MS - 1);
    setTimeout(() => inner.operations[0]?.resolve(), 1);
    await jest.advanceTimersByTimeAsync(2);
    expect(await asked).toBe('a');
    expect(store.isUp).toBe(true);
  });

  test.each(['unreachable', 'refused', 'timeout'] as const)('%s takes it down', async (failure) => {
    const asked = store.find(session, 1);
    inner.operations[0]?.reject(new StoreError(failure, 'why'));
    await expect(asked).rejects.toMatchObject({ failure });
    expect(log.changes).toEqual(['up', 'why']);
  });

  test('a damaged key fails its operation alone', async () => {
    const asked = store.find(session, 1);
    inner.operations[0]?.reject(new StoreError('damaged', 'why'));
    await expect(asked).rejects.toMatchObject({ failure: 'damaged' });
    expect(store.isUp).toBe(true);
    expect(log.ended).toEqual(['find: damaged']);
  });

  test('a bug in the store fails its operation like a refusal', async () => {
    const asked = store.find(session, 1);
    inner.operations[0]?.reject(new TypeError('oops'));
    await expect(asked).rejects.toMatchObject({ failure: 'refused', cause: expect.any(TypeError) });
  });

  test('goes down by a probe too, when nobody asks', async () => {
    (await nextProbe(1_500)).reject(gone);
    await tick();
    expect(store.isUp).toBe(false);
  });
});

describe('a guarded store that is down', () => {
  beforeEach(async () => {
    await goUp();
    await goDown();
  });

  test('fails with what took it down, without asking the store', async () => {
    const calls = inner.operations.length;
    await expect(store.take([], 1)).rejects.toBe(gone);
    expect(inner.operations).toHaveLength(calls);
    expect(log.ended).toEqual(['find: unreachable', 'take: unreachable']);
  });

  test('is probed about every 100 ms, and up again when a probe succeeds', async () => {
    (await nextProbe(130)).reject(gone);
    (await nextProbe(130)).resolve();
    await tick();
    expect(store.isUp).toBe(true);
    expect(log.changes).toEqual(['up', 'connection refused', 'up']);
  });

  test('a probe that hangs has failed at the timeout', async () => {
    await nextProbe(130);
    await nextProbe(TIMEOUT_MS + 130);
    expect(store.error?.failure).toBe('timeout');
  });

  test('says so once, and knows the reason of the last probe', async () => {
    (await nextProbe(130)).reject(new StoreError('refused', 'still loading'));
    await tick();
    expect(log.changes).toEqual(['up', 'connection refused']);
    expect(store.error?.message).toBe('still loading');
  });

  test('gets a new connection for every two seconds without a probe that succeeds', async () => {
    await pass(1_900);
    expect(inner.reconnects).toBe(0);
    await pass(400);
    expect(inner.reconnects).toBe(1);
    await pass(2_300);
    expect(inner.reconnects).toBe(2);
  });

  test('what the store answers too late is ignored', async () => {
    await goUp();
    const late = store.find(session, 1).catch((error: unknown) => error);
    await pass(TIMEOUT_MS + 2);
    inner.operations.at(-1)?.resolve();
    await tick();
    expect(await late).toMatchObject({ failure: 'timeout' });
    expect(log.ended.at(-1)).toBe('find: timeout');
  });
});

describe('a guarded store that is closed', () => {
  test('fails what waits, closes the store, and leaves no timer', async () => {
    await goUp();
    const asked = store.find(session, 1).catch((error: unknown) => error);
    await store.close();
    expect(await asked).toMatchObject({ message: 'the store is closed' });
    expect(inner.isClosed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not come up any more', async () => {
    const probe = await nextProbe(10);
    await store.close();
    probe.resolve();
    await tick();
    expect(store.isUp).toBe(false);
    expect(log.changes).toEqual([]);
  });
});
