import { describe, expect, test } from '@jest/globals';
import { SLOT_REST_MS, SlotTable } from '@lb/primary/internal/snapshot/slots';
import type { Config } from '@lb/shared/config/schema/root';
import { configOf } from '../support/config-text.ts';

function poolsOf(ports: readonly number[]): Config['pools'] {
  const backends = ports.map((port) => `http://127.0.0.1:${port}`).join(', ');
  const text = `listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [${backends}] } }`;
  return configOf(text).pools;
}

function setup() {
  const world = { nowMs: 0, busy: new Set<number>() };
  const table = new SlotTable({
    monotonicMs: () => world.nowMs,
    isBusy: (slot) => world.busy.has(slot),
  });
  const assign = (...ports: number[]): number[] => {
    const pools = poolsOf(ports);
    const slotOf = table.assign(pools);
    return (pools['web']?.backends ?? []).map((backend) => slotOf('web', backend));
  };
  return { world, table, assign };
}

describe('slots', () => {
  test('stay with a backend when others come, go and move', () => {
    const { assign } = setup();
    expect(assign(1, 2, 3)).toEqual([0, 1, 2]);
    expect(assign(3, 4, 1)).toEqual([2, 3, 0]);
  });

  test('are not given to another backend right after theirs left', () => {
    const { assign, table } = setup();
    assign(1, 2);
    expect(assign(2, 3)).toEqual([1, 2]);
    expect(table.count).toBe(3);
  });

  test('are given back to a backend that returns', () => {
    const { assign } = setup();
    assign(1, 2);
    assign(2);
    expect(assign(1, 2)).toEqual([0, 1]);
  });

  test('are used again after a rest, so that the table does not grow for ever', () => {
    const { assign, world, table } = setup();
    for (let port = 1; port <= 50; port += 1) {
      assign(port);
      world.nowMs += SLOT_REST_MS;
    }
    expect(table.count).toBeLessThanOrEqual(3);
  });

  test('are not used again while something is in flight under them', () => {
    const { assign, world } = setup();
    assign(1);
    assign(2);
    world.nowMs += SLOT_REST_MS;
    world.busy.add(0);
    expect(assign(2, 3)).toEqual([1, 2]);
    world.busy.clear();
    expect(assign(2, 3, 4)).toEqual([1, 2, 0]);
  });

  test('of one url differ between pools and names', () => {
    const { table } = setup();
    const web = poolsOf([1])['web'];
    if (web === undefined) throw new Error('no pool');
    const slotOf = table.assign({ one: web, two: web });
    const backend = { name: '127.0.0.1:1', url: 'http://127.0.0.1:1' };
    expect(slotOf('one', backend)).not.toBe(slotOf('two', backend));
  });
});
