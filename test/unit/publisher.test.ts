import { describe, expect, test } from '@jest/globals';
import { SnapshotPublisher } from '@lb/primary/internal/snapshot/publisher';
import { SlotTable } from '@lb/primary/internal/snapshot/slots';
import type { Config } from '@lb/shared/config/schema/root';
import type { ToWorker } from '@lb/shared/ipc/messages';
import { createLogger } from '@lb/shared/logging/logger';
import type { BackendState } from '@lb/shared/model/snapshot';
import { configOf } from '../support/config-text.ts';

function configWith(...ports: number[]): Config {
  const backends = ports.map((port) => `http://127.0.0.1:${port}`).join(', ');
  const text = `listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [${backends}] } }`;
  return configOf(text);
}

function setup(applied: boolean = true) {
  const sent: ToWorker[] = [];
  const order: string[] = [];
  const asked: number[] = [];
  const states = new Map<number, BackendState>();
  const publisher = new SnapshotPublisher(configWith(1), {
    slots: new SlotTable({ monotonicMs: () => 0, isBusy: () => false }),
    follow: () => void order.push('follow'),
    stateOf: (slot) => {
      order.push('state');
      return states.get(slot) ?? 'unknown';
    },
    secret: () => 'a secret',
    broadcast: (message) => void sent.push(message),
    applied: async (version) => {
      asked.push(version);
      return applied;
    },
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
  });
  return { publisher, sent, order, asked, states };
}

describe('the snapshot publisher', () => {
  test('numbers snapshots from 1 and sends each to every worker', () => {
    const { publisher, sent } = setup();
    publisher.publish(configWith(1), 2);
    publisher.publish(configWith(1, 2), 4);
    expect(sent).toMatchObject([
      { type: 'snapshot', snapshot: { version: 1, workerCount: 2, slotCount: 1 } },
      { type: 'snapshot', snapshot: { version: 2, workerCount: 4, slotCount: 2 } },
    ]);
  });

  test('has the pools followed before it asks for the states', () => {
    const { publisher, order } = setup();
    publisher.publish(configWith(1), 1);
    expect(order).toEqual(['follow', 'state']);
  });

  test('keeps version and slots but takes the newest states for a worker that starts later', () => {
    const { publisher, states } = setup();
    publisher.publish(configWith(1, 2), 1);
    states.set(1, 'down');
    const { version, pools } = publisher.current;
    expect(version).toBe(1);
    expect(pools[0]?.backends.map(({ slot, state }) => [slot, state])).toEqual([
      [0, 'unknown'],
      [1, 'down'],
    ]);
  });

  test('passes a change of health on at once', () => {
    const { publisher, sent } = setup();
    publisher.changeState(3, 'down');
    expect(sent).toEqual([{ lb: 1, type: 'states', changes: [{ slot: 3, state: 'down' }] }]);
  });

  test.each([true, false])(
    'settles for the version in force (applied in time: %p)',
    async (applied) => {
      const { publisher, asked } = setup(applied);
      publisher.publish(configWith(1), 1);
      await publisher.settled();
      expect(asked).toEqual([1]);
    },
  );
});
