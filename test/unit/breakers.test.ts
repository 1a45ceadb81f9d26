/** Who is given the trials of a half-open breaker. */
import { expect, test } from '@jest/globals';
import { Breakers } from '@lb/primary/internal/limits/breakers';
import { configOf } from '../support/config-text.ts';
import { poolsUp } from '../support/pools-up.ts';
import { Timeline } from '../support/timeline.ts';

const SLOT = 1;

/** One backend, whose breaker has two trials a second and is half open. */
async function halfOpen() {
  const timeline = new Timeline();
  const given: (readonly [worker: number, trials: number])[] = [];
  const breakers = new Breakers({
    clock: timeline,
    schedule: timeline.schedule,
    onChange: () => undefined,
    allow: (worker, _slot, trials) => given.push([worker, trials]),
  });
  const config = configOf(`
listeners: [{ bind: ":8080" }]
pools:
  web:
    circuitBreaker: { openFor: 1s, halfOpen: 2 }
    backends: ["http://127.0.0.1:9001"]
`);
  breakers.follow(poolsUp(config, () => ({ slot: SLOT })));
  const some = Uint32Array.of(100);
  breakers.count({ lb: 1, type: 'tries', slots: Uint32Array.of(SLOT), ended: some, failed: some });
  await timeline.advance(1_000);
  const wants = (worker: number, wanted: number): void =>
    breakers.report(worker, { slot: SLOT, returned: 0, wanted });
  return { timeline, breakers, given, wants };
}

test('who asked in vain is given those that come later: a worker says once what it wants', async () => {
  const { timeline, given, wants } = await halfOpen();
  wants(1, 2);
  wants(2, 1);
  expect(given).toEqual([[1, 2]]);

  await timeline.advance(1_000);

  expect(given).toEqual([
    [1, 2],
    [2, 1],
  ]);
});

test('who wants none any more, or is gone, is given none', async () => {
  const { timeline, breakers, given, wants } = await halfOpen();
  wants(1, 2);
  wants(2, 1);
  wants(3, 1);
  wants(2, 0);
  breakers.remove(3);

  await timeline.advance(1_000);

  expect(given).toEqual([[1, 2]]);
});
