import { expect, test } from '@jest/globals';
import { Roll, type RollOutcome } from '@lb/primary/internal/workers/roll';
import type { Worker } from '@lb/primary/internal/workers/worker';

function workerAt(slot: number): Worker {
  const listening: ReadonlySet<string> = new Set();
  return { id: slot + 1, slot, pid: 100 + slot, state: 'running', applied: 1, listening };
}

/** @param replace what becomes of a worker, by its id */
function setup(replace: (id: number) => Promise<string | undefined>) {
  const outcomes: RollOutcome[] = [];
  const roll = new Roll({
    supervisor: { workers: [0, 1, 2].map(workerAt), replace },
    refusal: () => undefined,
    drainMs: () => 500,
    onOutcome: (outcome) => void outcomes.push(outcome),
  });
  return { roll, outcomes };
}

test('a rolling restart replaces one worker after the other', async () => {
  const order: string[] = [];
  const { roll, outcomes } = setup(async (id) => {
    order.push(`begin ${id}`);
    await Promise.resolve();
    order.push(`end ${id}`);
    return undefined;
  });

  await roll.run();

  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  expect(outcomes).toEqual([{ ok: true, replaced: 3 }]);
});

test('a new worker that does not come up ends it, and the others stay', async () => {
  const asked: number[] = [];
  const { roll, outcomes } = setup((id) => {
    asked.push(id);
    return Promise.resolve(id === 2 ? 'it died' : undefined);
  });

  await roll.run();

  expect(asked).toEqual([1, 2]);
  expect(outcomes).toEqual([{ ok: false, replaced: 1, reason: 'worker 1: it died' }]);
});

test('a second one meanwhile is refused', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { roll, outcomes } = setup(() => promise);

  const first = roll.run();
  await roll.run();
  resolve(undefined);
  await first;

  expect(outcomes).toEqual([
    { ok: false, replaced: 0, reason: 'a rolling restart is under way' },
    { ok: true, replaced: 3 },
  ]);
});
