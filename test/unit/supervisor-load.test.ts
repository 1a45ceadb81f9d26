import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { EXCHANGE_INTERVAL_MS, LoadExchange } from '@lb/primary/internal/workers/load-exchange';
import type { ToWorker } from '@lb/shared/ipc/messages';

function setup() {
  const sent: { id: number; message: ToWorker; read: () => void }[] = [];
  const exchange = new LoadExchange({
    recipients: () => [1, 2],
    send: (id, message, read) => {
      sent.push({ id, message, read });
      return true;
    },
  });
  const tick = (): void => jest.advanceTimersByTime(EXCHANGE_INTERVAL_MS);
  return { exchange, sent, tick };
}

describe('the load exchange', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('tells each worker the sum of the others', () => {
    const { exchange, sent, tick } = setup();
    exchange.report(1, {
      inFlight: Uint32Array.of(1, 2),
      connections: { web: 3 },
      retries: { web: 1 },
    });
    exchange.report(2, {
      inFlight: Uint32Array.of(10),
      connections: { web: 5, api: 1 },
      retries: {},
    });
    tick();
    expect(sent.map(({ message }) => message)).toEqual([
      {
        lb: 1,
        type: 'load',
        inFlight: Uint32Array.of(10),
        connections: { web: 5, api: 1 },
        retries: {},
      },
      {
        lb: 1,
        type: 'load',
        inFlight: Uint32Array.of(1, 2),
        connections: { web: 3 },
        retries: { web: 1 },
      },
    ]);
  });

  test('says nothing while nothing changes', () => {
    const { exchange, sent, tick } = setup();
    exchange.report(1, { inFlight: Uint32Array.of(1), connections: {}, retries: {} });
    tick();
    for (const { read } of sent) read();
    sent.length = 0;
    tick();
    expect(sent).toEqual([]);
  });

  test('forgets what a dead worker had in flight', () => {
    const { exchange, sent, tick } = setup();
    exchange.report(1, { inFlight: Uint32Array.of(7), connections: {}, retries: {} });
    exchange.remove(1);
    tick();
    expect(exchange.totalInFlight()).toBe(0);
    expect(sent.at(-1)?.message).toMatchObject({ inFlight: new Uint32Array(0) });
  });

  test('sends no second message to a worker that has not read the first', () => {
    const { exchange, sent, tick } = setup();
    exchange.report(1, { inFlight: Uint32Array.of(1), connections: {}, retries: {} });
    tick();
    sent[0]?.read();
    exchange.report(1, { inFlight: Uint32Array.of(2), connections: {}, retries: {} });
    tick();
    expect(sent.map(({ id }) => id)).toEqual([1, 2, 1]);
    sent[1]?.read();
    tick();
    expect(sent.at(-1)).toMatchObject({ id: 2, message: { inFlight: Uint32Array.of(2) } });
  });

  test('sums over all workers for those who ask', () => {
    const { exchange } = setup();
    exchange.report(1, {
      inFlight: Uint32Array.of(1, 2),
      connections: { web: 3 },
      retries: { web: 1 },
    });
    exchange.report(2, { inFlight: Uint32Array.of(4), connections: { web: 5 }, retries: {} });
    expect(exchange.inFlight(0)).toBe(5);
    expect(exchange.totalInFlight()).toBe(7);
    expect(exchange.connections('web')).toBe(8);
    expect(exchange.connectionsOf(2)).toBe(5);
  });
});
