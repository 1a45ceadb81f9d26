import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { PurgeFeed } from '@lb/primary/internal/caches/purge-feed';
import type { Registry } from '@lb/shared/store/registry';
import { FakeClock } from '../support/fake-clock.ts';

/** A registry whose log is empty, and tells how often it was read. */
function emptyLog(read: () => Promise<string>) {
  let reads = 0;
  const registry = {
    endOfPurges: read,
    purgesAfter: () => {
      reads++;
      return Promise.resolve([]);
    },
    purgedUpTo: () => Promise.resolve(),
  } as Partial<Registry> as Registry;
  return { registry, reads: () => reads };
}

describe('the feed of purges', () => {
  test('reads on until it is closed, and no more when that was in the middle of a read', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const first = Promise.withResolvers<string>();
      const { registry, reads } = emptyLog(() => first.promise);
      const feed = new PurgeFeed({
        clock: new FakeClock(),
        registry: () => registry,
        id: () => 'one',
        isWanted: () => true,
        purge: () => Promise.resolve(),
      });
      feed.start();
      await turn();

      const closing = feed.close();
      first.resolve('0-0');
      await closing;
      const before = reads();
      for (let i = 0; i < 5; i++) {
        jest.advanceTimersByTime(1_000);
        await turn();
      }

      expect(reads()).toBe(before);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
