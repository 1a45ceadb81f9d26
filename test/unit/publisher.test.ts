import { describe, expect, test } from '@jest/globals';
import { SnapshotPublisher } from '@lb/primary/internal/snapshot/publisher';
import { SlowStarts } from '@lb/primary/internal/health/slow-starts';
import { SlotTable } from '@lb/primary/internal/snapshot/slots';
import type { Config } from '@lb/shared/config/schema/root';
import type { ToWorker } from '@lb/shared/ipc/messages';
import { createLogger } from '@lb/shared/logging/logger';
import type { Effective } from '@lb/shared/model/snapshot';
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
  const effective = new Map<number, Effective>();
  const publisher = new SnapshotPublisher(configWith(1), {
    slots: new SlotTable({ monotonicMs: () => 0, isBusy: () => false }),
    follow: () => void order.push('follow'),
    effectiveOf: (_pool, { slot, weight }) => {
      order.push('state');
      return effective.get(slot) ?? { state: 'unknown', weight };
    },
    slowStarts: new SlowStarts({ monotonicMs: () => 0 }),
    secret: () => 'a secret',
    broadcast: (message) => void sent.push(message),
    applied: async (version) => {
      asked.push(version);
      return applied;
    },
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
  });
  return { publisher, sent, order, asked, effective };
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
    const { publisher, effective } = setup();
    publisher.publish(configWith(1, 2), 1);
    effective.set(1, { state: 'down', weight: 7 });
    const { version, pools } = publisher.current;
    expect(version).toBe(1);
    expect(pools[0]?.backends.map(({ slot, state, weight }) => [slot, state, weight])).toEqual([
      [0, 'unknown', 1],
      [1, 'down', 7],
    ]);
  });

  test('knows the configured weights, whatever is in use', () => {
    const { publisher, effective } = setup();
    effective.set(0, { state: 'up', weight: 7 });
    publisher.publish(configWith(1), 1);
    expect(publisher.pools[0]?.backends[0]?.weight).toBe(1);
  });

  test('says how far the slow start of a backend is that a later snapshot adds', () => {
    const { publisher } = setup();
    publisher.publish(configWith(1), 1);
    publisher.publish(configWith(1, 2), 1);
    const backends = publisher.current.pools[0]?.backends ?? [];
    expect(backends.map(({ slowStartMs }) => slowStartMs)).toEqual([undefined, 0]);
  });

  test('passes a change of a backend on at once', () => {
    const { publisher, sent, effective } = setup();
    publisher.publish(configWith(1, 2), 1);
    effective.set(1, { state: 'down', weight: 1 });
    publisher.changed([1]);
    const changes = [{ slot: 1, state: 'down', weight: 1 }];
    expect(sent.slice(1)).toEqual([{ lb: 1, type: 'states', changes }]);
  });

  test('settles for a change that is a version of its own', async () => {
    const { publisher, sent, asked } = setup();
    publisher.publish(configWith(1), 1);
    publisher.changedVersion([0]);
    await publisher.settled();
    expect(sent.at(-1)).toMatchObject({ type: 'states', version: 2, changes: [{ slot: 0 }] });
    expect(asked).toEqual([2]);
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
