/** What becomes of samples on their way to a database that is slow, away or unwilling. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type PersistChange,
  QUEUE_SAMPLES,
  SampleWriter,
} from '@lb/primary/internal/persist/sample-writer';
import { PersistError, type Sample, type SampleStore } from '@lb/primary/internal/persist/sample';
import { seededRandom } from '@lb/shared/time/clock';
import { sampleOf } from '../support/samples.ts';

/** A database that does as it is told. */
class ScriptedStore implements SampleStore {
  readonly batches: number[][] = [];
  attempts = 0;
  isClosed = false;
  #answer: () => Promise<void> = () => Promise.resolve();

  is(answer: 'up' | 'hanging' | PersistError): void {
    if (answer === 'up') this.#answer = () => Promise.resolve();
    else if (answer === 'hanging') this.#answer = () => new Promise(() => undefined);
    else this.#answer = () => Promise.reject(answer);
  }

  async write(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    this.attempts++;
    const cut = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new PersistError('cut')));
    });
    await Promise.race([this.#answer(), cut]);
    this.batches.push(samples.map(({ atMs }) => atMs));
  }

  read(): Promise<[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function arrange() {
  const store = new ScriptedStore();
  const changes: PersistChange[] = [];
  const refusals: string[] = [];
  const outcomes: Record<string, number> = {};
  let queued = 0;
  const writer = new SampleWriter(store, {
    random: seededRandom(1),
    hooks: {
      onChange: (change) => changes.push(change),
      onRefusal: (reason) => refusals.push(reason),
      onSamples: (outcome, count) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + count),
      onQueue: (count) => (queued = count),
    },
  });
  return { store, writer, changes, refusals, outcomes, queued: () => queued };
}

/** Samples that are told apart by their moment. */
function made(count: number, from = 0): Sample[] {
  return Array.from({ length: count }, (_, index) => sampleOf({}, from + index));
}

const AWAY = new PersistError('nobody listens');

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
});

afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a database that is there', () => {
  test('gets samples in batches, in their order, and is no news', async () => {
    const { store, writer, changes, outcomes, queued } = arrange();
    writer.offer(made(1_500));
    await pass(0);
    expect(store.batches.map(({ length }) => length)).toEqual([500, 500, 500]);
    expect(store.batches.flat()).toEqual(made(1_500).map(({ atMs }) => atMs));
    expect(changes).toEqual([{ reason: null, isFirst: true, dropped: 0 }]);
    expect(outcomes).toEqual({ written: 1_500 });
    expect(queued()).toBe(0);
  });

  test('that is slow holds nobody up, and has one write at a time', async () => {
    const { store, writer } = arrange();
    store.is('hanging');
    writer.offer(made(1));
    writer.offer(made(1, 1));
    await pass(1_000);
    expect(store.attempts).toBe(1);
    expect(writer.queued).toBe(1);
  });
});

describe('an outage', () => {
  test('is one event when it begins and one when it ends, and loses nothing', async () => {
    const { store, writer, changes, outcomes } = arrange();
    store.is(AWAY);
    writer.offer(made(2));
    for (let second = 0; second < 120; second++) {
      writer.offer(made(1, 2 + second));
      await pass(1_000);
    }
    expect(changes).toEqual([{ reason: 'nobody listens', isFirst: true, dropped: 0 }]);
    expect(writer.queued).toBe(122);
    store.is('up');
    await pass(30_000);
    expect(store.batches.flat()).toEqual(made(122).map(({ atMs }) => atMs));
    expect(changes[1]).toEqual({ reason: null, isFirst: false, dropped: 0 });
    expect(outcomes).toEqual({ written: 122 });
  });

  test('is tried less and less often, up to twice a minute', async () => {
    const { store, writer } = arrange();
    store.is(AWAY);
    writer.offer(made(1));
    await pass(60_000);
    const inTheFirstMinute = store.attempts;
    expect(inTheFirstMinute).toBeGreaterThan(5);
    expect(inTheFirstMinute).toBeLessThan(12);
    await pass(600_000);
    const later = store.attempts - inTheFirstMinute;
    expect(later).toBeGreaterThanOrEqual(20);
    expect(later).toBeLessThanOrEqual(40);
  });

  test('that is long drops the oldest samples, and counts them', async () => {
    const { store, writer, changes, outcomes, queued } = arrange();
    store.is(AWAY);
    writer.offer(made(QUEUE_SAMPLES));
    await pass(0);
    writer.offer(made(10, QUEUE_SAMPLES));
    expect(queued()).toBe(QUEUE_SAMPLES);
    expect(outcomes).toEqual({ dropped: 10 });
    store.is('up');
    await pass(30_000);
    expect(store.batches.flat()[0]).toBe(10);
    expect(changes.at(-1)).toEqual({ reason: null, isFirst: false, dropped: 10 });
  });
});

test('samples that are refused are given up, counted, and told of once', async () => {
  const { store, writer, changes, refusals, outcomes } = arrange();
  store.is(new PersistError('field type conflict', true));
  writer.offer(made(1_001));
  await pass(0);
  expect(refusals).toEqual(['field type conflict']);
  expect(outcomes).toEqual({ rejected: 1_001 });
  store.is('up');
  writer.offer(made(1));
  await pass(0);
  expect(outcomes).toMatchObject({ written: 1 });
  expect(changes).toHaveLength(1);
});

describe('the end', () => {
  test('writes what is left', async () => {
    const { store, writer, outcomes } = arrange();
    store.is(AWAY);
    writer.offer(made(3));
    await pass(0);
    store.is('up');
    await writer.close();
    expect(outcomes).toEqual({ written: 3 });
    expect(store.isClosed).toBe(true);
    writer.offer(made(1));
    await pass(60_000);
    expect(store.batches.flat()).toHaveLength(3);
  });

  test('comes within a second when the database hangs, and counts what is lost', async () => {
    const { store, writer, outcomes } = arrange();
    store.is('hanging');
    writer.offer(made(3));
    const closed = writer.close();
    await pass(1_000);
    await closed;
    expect(outcomes).toEqual({ dropped: 3 });
    expect(store.isClosed).toBe(true);
  });
});
