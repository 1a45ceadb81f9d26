import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startBackend } from '../support/running-lbctl.ts';
import { startWorker } from '../support/worker-harness.ts';

/** A worker in front of `first` and `second`; what goes to `first` waits until it is let go. */
async function start() {
  const held: (() => void)[] = [];
  const first = await startBackend((_, response) => held.push(() => response.end('first')));
  const second = await startBackend((_, response) => response.end('second'));
  const worker = await startWorker(
    `pools: { web: { policy: round_robin, backends: [${first.url}, ${second.url}] } }`,
  );
  return {
    worker,
    held,
    ask: async () => (await fetch(worker.url)).text(),
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

describe('a backend that is taken out', () => {
  test.each(['draining', 'maintenance'] as const)(
    'finishes what is in flight and gets nothing new: %s',
    async (state) => {
      await using front = await start();
      const inFlight = front.ask();
      await eventually(() => expect(front.held).toHaveLength(1));
      front.worker.setState(0, state);
      expect(await Promise.all([front.ask(), front.ask()])).toEqual(['second', 'second']);
      front.held[0]?.();
      expect(await inFlight).toBe('first');
    },
  );

  test('what is in flight is told before the version that others wait for', async () => {
    await using front = await start();
    const inFlight = front.ask();
    await eventually(() => expect(front.held).toHaveLength(1));
    front.worker.setState(0, 'draining', { version: 9 });
    expect(front.worker.messages.findLast(({ type }) => type === 'load')).toMatchObject({
      inFlight: Uint32Array.of(1, 0),
    });
    expect(front.worker.messages.at(-1)).toEqual({ lb: 1, type: 'applied', version: 9 });
    front.held[0]?.();
    await inFlight;
  });
});

test('a weight that changes moves the traffic at once', async () => {
  await using front = await start();
  front.worker.setState(0, 'up', { weight: 0 });
  expect(await Promise.all([front.ask(), front.ask()])).toEqual(['second', 'second']);
});
