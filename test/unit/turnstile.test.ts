import { describe, expect, test } from '@jest/globals';
import { type Rank, REFUSE_PER_TURN, Turnstile } from '@lb/worker/internal/overload/turnstile';
import { FakeClock } from '../support/fake-clock.ts';

const LONGEST_MS = 400;
const BEGIN_PER_TURN = 4;

function setup() {
  const clock = new FakeClock();
  let next: (() => void) | undefined;
  const turnstile = new Turnstile(clock, {
    next: (callback) => {
      next = callback;
    },
    begin: BEGIN_PER_TURN,
  });
  turnstile.configure(LONGEST_MS);
  const told: string[] = [];
  /** Comes with a name, and tells what became of it. */
  const come = async (name: string, rank: Rank = 'normal'): Promise<void> => {
    const mayBegin = await turnstile.pass(rank);
    told.push(mayBegin ? name : `${name} refused`);
  };
  /** Comes in numbers. */
  const flood = (count: number, rank: Rank = 'normal'): void => {
    for (let i = 0; i < count; i++) void come('', rank);
  };
  /** Ends the turn; false when nobody asked for one. */
  const turn = async (): Promise<boolean> => {
    const callback = next;
    next = undefined;
    callback?.();
    // Those who wait hear of it in microtasks.
    await new Promise(setImmediate);
    return callback !== undefined;
  };
  return { clock, turnstile, told, come, flood, turn };
}

describe('the turnstile', () => {
  test('lets so many begin in a turn, and the others in those after it', async () => {
    const { told, come, flood, turn } = setup();
    flood(BEGIN_PER_TURN);
    void come('late');
    await new Promise(setImmediate);
    expect(told).toHaveLength(BEGIN_PER_TURN);

    await turn();

    expect(told.at(-1)).toBe('late');
  });

  test('has normal requests go before sheddable ones, and else keeps their order', async () => {
    const { told, come, flood, turn } = setup();
    flood(BEGIN_PER_TURN);
    void come('c', 'sheddable');
    void come('d', 'sheddable');
    void come('a');
    void come('b');

    await turn();

    expect(told.slice(BEGIN_PER_TURN)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('lets a normal request begin at once while sheddable ones wait', async () => {
    const { told, come, flood, turn } = setup();
    flood(2 * BEGIN_PER_TURN + 2, 'sheddable');
    await turn();
    await turn();
    void come('normal');
    await new Promise(setImmediate);
    expect(told.at(-1)).toBe('normal');
  });

  test('refuses whoever waited too long, and not those who came later', async () => {
    const { clock, told, come, flood, turn } = setup();
    flood(BEGIN_PER_TURN);
    void come('old');
    clock.pass(LONGEST_MS / 2);
    void come('young');
    clock.pass(LONGEST_MS / 2);

    await turn();

    expect(told.slice(BEGIN_PER_TURN)).toEqual(['old refused', 'young']);
  });

  test('refuses so many in a turn, the others in those after it', async () => {
    const { clock, told, flood, turn } = setup();
    flood(BEGIN_PER_TURN + 2 * REFUSE_PER_TURN);
    clock.pass(LONGEST_MS);

    await turn();
    expect(told.filter((each) => each === ' refused')).toHaveLength(REFUSE_PER_TURN);

    await turn();
    expect(told).toHaveLength(BEGIN_PER_TURN + 2 * REFUSE_PER_TURN);
  });

  test('lets everybody begin when the limit is lifted', async () => {
    const { clock, turnstile, told, flood, turn } = setup();
    flood(BEGIN_PER_TURN + 1);
    turnstile.configure(Number.POSITIVE_INFINITY);
    clock.pass(LONGEST_MS * 10);

    await turn();

    expect(told).toEqual(Array(BEGIN_PER_TURN + 1).fill(''));
  });

  test('asks for no turn when nobody waits and nobody began', async () => {
    const { come, turn } = setup();
    void come('one');
    expect(await turn()).toBe(true);
    expect(await turn()).toBe(false);
  });

  test('says how long the longest waited, and still waits', async () => {
    const { clock, turnstile, flood, turn } = setup();
    flood(2 * BEGIN_PER_TURN + 1);
    clock.pass(100);
    expect(turnstile.takeLongestWaitMs()).toBe(100);
    clock.pass(50);
    await turn();
    expect(turnstile.takeLongestWaitMs()).toBe(150);
    await turn();
    expect(turnstile.takeLongestWaitMs()).toBe(150);
    expect(turnstile.takeLongestWaitMs()).toBe(0);
  });
});
