/** Who goes first when a backend has room again. */
import { expect, test } from '@jest/globals';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { type Place, type Waiter, WaitQueue } from '@lb/worker/internal/balancing/wait-queue';

/** A queue in front of so many free places, and a note of who took one. */
function scene(max = 10) {
  const served: string[] = [];
  const moves: number[] = [];
  const rejected: string[] = [];
  const state = { room: 0 };
  const queue = new WaitQueue({
    nowMs: () => performance.now(),
    isWorthLooking: () => state.room > 0,
    onMove: (by) => moves.push(by),
    onRejection: (reason) => rejected.push(reason),
  });
  queue.configure(max, 60_000);
  const places = new Map<string, Place>();
  const enter = (name: string, rank = 0, backend?: Backend): Place | undefined => {
    const waiter: Waiter = {
      rank,
      lookAgain: () => {
        if (backend === undefined && state.room === 0) {
          queue.enter(waiter, backend, places.get(name));
          return;
        }
        state.room--;
        served.push(name);
      },
      givesWay: () => served.push(`${name} gave way`),
      waitedTooLong: () => served.push(`${name} gave up`),
    };
    const place = queue.enter(waiter, backend);
    if (place !== undefined) places.set(name, place);
    return place;
  };
  return {
    queue,
    served,
    rejected,
    enter,
    length: () => moves.reduce((sum, by) => sum + by, 0),
    make: async (room: number): Promise<void> => {
      state.room = room;
      queue.roomCame();
      await Promise.resolve();
    },
    change: async (): Promise<void> => {
      queue.backendsChanged();
      await Promise.resolve();
    },
    leave: () => {
      for (const place of places.values()) queue.leave(place);
    },
  };
}

const backendWith = (hasRoom: boolean): Backend => ({ hasRoom }) as unknown as Backend;

test('first come, first served, as many as there is room for', async () => {
  const { enter, make, served, length, leave } = scene();
  for (const name of ['a', 'b', 'c', 'd']) enter(name);

  await make(2);

  expect(served).toEqual(['a', 'b']);
  expect(length()).toBe(2);
  leave();
});

test('a full queue takes one that goes first in place of the last', () => {
  const { enter, served, rejected, length, leave } = scene(2);
  enter('a', 1);
  enter('b', 1);

  const taken = [enter('c', 0), enter('d', 1), enter('e', 0)].map((place) => place !== undefined);

  expect(taken).toEqual([true, false, true]);
  expect(served).toEqual(['b gave way', 'a gave way']);
  expect(rejected).toEqual(['queue_full', 'queue_full', 'queue_full']);
  expect(length()).toBe(2);
  leave();
});

test('the lower rank goes first', async () => {
  const { enter, make, served } = scene();
  enter('late', 2);
  enter('normal', 1);
  enter('normal too', 1);
  enter('first', 0);

  await make(4);

  expect(served).toEqual(['first', 'normal', 'normal too', 'late']);
});

test('who looked in vain has its place again', async () => {
  const { enter, make, change, served } = scene();
  enter('a');
  enter('b');
  await change();
  enter('c');

  await make(3);

  expect(served).toEqual(['a', 'b', 'c']);
});

test('who waits for one backend is passed by those that do not', async () => {
  const { enter, make, served, leave } = scene();
  enter('bound to a full one', 0, backendWith(false));
  enter('any');
  enter('bound to a free one', 0, backendWith(true));

  await make(1);

  expect(served).toEqual(['any', 'bound to a free one']);
  leave();
});

test('one more than its places is refused', () => {
  const { enter, rejected, leave } = scene(2);
  enter('a');
  enter('b');

  expect(enter('c')).toBeUndefined();

  expect(rejected).toEqual(['queue_full']);
  leave();
});

test('who left is not asked any more', async () => {
  const { queue, enter, make, served, length } = scene();
  const place = enter('a');
  enter('b');
  if (place !== undefined) queue.leave(place);

  await make(2);

  expect(served).toEqual(['b']);
  expect(length()).toBe(0);
});
