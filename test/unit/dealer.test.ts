import { describe, expect, test } from '@jest/globals';
import type { SocketHandle } from '@lb/primary/internal/listeners/bind';
import { Dealer } from '@lb/primary/internal/listeners/dealer';
import type { BoundListener } from '@lb/primary/internal/listeners/listener-set';
import { createLogger } from '@lb/shared/logging/logger';

/** A handle that says whether it was closed; a listening one gives connections to `onconnection`. */
class FakeHandle implements SocketHandle {
  isClosed = false;
  onconnection: (status: number, client?: SocketHandle) => void = () => undefined;
  listen(): number {
    return 0;
  }
  close(): void {
    this.isClosed = true;
  }
}

function setup(workers: number[] = [1, 2]) {
  const offers: { workerId: number; id: number; handle: SocketHandle }[] = [];
  const dealer = new Dealer({
    recipients: () => workers,
    send: (workerId, message, handle) => {
      if (message.type === 'connection') offers.push({ workerId, id: message.id, handle });
      return true;
    },
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
  });
  const socket = new FakeHandle();
  const listener: BoundListener = {
    name: 'web',
    bind: ':80',
    accept: 'round-robin',
    address: { kind: 'tcp', host: '', port: 80 },
    handles: [socket],
  };
  dealer.follow([listener]);
  const arrive = (): FakeHandle => {
    const client = new FakeHandle();
    socket.onconnection(0, client);
    return client;
  };
  const takers = (): number[] => offers.map(({ workerId }) => workerId);
  const answer = (index: number, isTaken: boolean): void =>
    dealer.answered(offers[index]?.id ?? 0, isTaken);
  return { dealer, workers, arrive, takers, answer };
}

describe('connections that the primary accepts', () => {
  test('go to the workers in turn', () => {
    const { arrive, takers } = setup();
    for (let i = 0; i < 4; i++) arrive();
    expect(takers()).toEqual([1, 2, 1, 2]);
  });

  test('are let go of when the worker has them, not before', () => {
    const { arrive, answer } = setup();
    const client = arrive();
    expect(client.isClosed).toBe(false);
    answer(0, true);
    expect(client.isClosed).toBe(true);
  });

  test('go to another worker when the first dies, or does not take them', () => {
    const { dealer, arrive, takers, answer } = setup();
    arrive();
    dealer.remove(1);
    expect(takers()).toEqual([1, 2]);
    answer(1, false);
    expect(takers()).toEqual([1, 2, 1]);
  });

  test('wait when every worker refuses, and for the first worker that there is', () => {
    const { dealer, workers, arrive, takers, answer } = setup([1]);
    const client = arrive();
    answer(0, false);
    expect(takers()).toEqual([1]);
    expect(client.isClosed).toBe(false);
    workers.splice(0, 1, 2);
    dealer.deal();
    expect(takers()).toEqual([1, 2]);
  });

  test('pass by a worker that does not answer', () => {
    const { arrive, takers, answer } = setup();
    for (let i = 0; i < 100; i++) {
      arrive();
      const last = takers().length - 1;
      if (takers()[last] === 2) answer(last, true);
    }
    expect(takers().filter((id) => id === 1)).toHaveLength(32);
    expect(takers()).toHaveLength(100);
  });

  test('are closed when their listener is gone, or the instance stops', () => {
    const { dealer, arrive } = setup([]);
    const first = arrive();
    dealer.follow([]);
    expect(first.isClosed).toBe(true);
    const other = setup([]);
    const second = other.arrive();
    other.dealer.close();
    expect(second.isClosed).toBe(true);
  });
});
