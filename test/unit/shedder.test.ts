import { describe, expect, test } from '@jest/globals';
import { SHEDDER_SAMPLE_MS, Shedder } from '@lb/worker/internal/overload/shedder';
import { FakeClock } from '../support/fake-clock.ts';

const TARGET_MS = 200;
const FAR_TOO_LATE_MS = 400;
const BEGIN_PER_TURN = 3;

function setup() {
  const clock = new FakeClock();
  const told: boolean[] = [];
  const shedder = new Shedder({
    clock,
    // One that does not end: whoever waits goes on waiting.
    turns: { next: () => undefined, begin: BEGIN_PER_TURN },
    onChange: (isShedding) => void told.push(isShedding),
  });
  shedder.configure(TARGET_MS);
  /** Lets time pass in which every turn of the event loop is so late. */
  const pass = (ms: number, delayMs: number): void => {
    const step = SHEDDER_SAMPLE_MS + delayMs;
    for (let passed = 0; passed < ms; passed += step) {
      clock.pass(step);
      shedder.sample();
    }
  };
  return { told, shedder, pass };
}

describe('the shedder', () => {
  test('does not begin while the event loop is in time', () => {
    const { shedder, pass } = setup();
    pass(10_000, TARGET_MS);
    expect(shedder.isShedding).toBe(false);
  });

  test('does not begin for a single long turn, nor for a busy moment', () => {
    const { shedder, pass } = setup();
    pass(1, 5_000);
    pass(1, 0);
    pass(1_200, FAR_TOO_LATE_MS);
    pass(1, 0);
    pass(1_200, FAR_TOO_LATE_MS);
    expect(shedder.isShedding).toBe(false);
  });

  test('begins when the event loop was late for more than a second', () => {
    const { shedder, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    expect(shedder.isShedding).toBe(true);
  });

  test('never has a critical request wait', () => {
    const { shedder } = setup();
    for (let i = 0; i < 10 * BEGIN_PER_TURN; i++) expect(shedder.ask('critical')).toBe(true);
  });

  test('lets others begin, a number of them in a turn', () => {
    const { shedder } = setup();
    for (let i = 0; i < BEGIN_PER_TURN; i++) expect(shedder.ask('sheddable')).toBe(true);
    expect(shedder.ask('sheddable')).toBeInstanceOf(Promise);
    expect(shedder.ask('normal')).toBeInstanceOf(Promise);
  });

  test('says once that it began, and once that it has been over for a while', () => {
    const { told, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    pass(4_000, 0);
    pass(2_000, FAR_TOO_LATE_MS);
    pass(4_000, 0);
    expect(told).toEqual([true]);
    pass(2_000, 0);
    expect(told).toEqual([true, false]);
  });

  test('is not over as long as requests wait, in time as the event loop may be', () => {
    const { shedder, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    for (let i = 0; i <= BEGIN_PER_TURN; i++) void shedder.ask('normal');
    pass(20_000, 0);
    expect(shedder.isShedding).toBe(true);
  });

  test('ends with a configuration that switches it off', () => {
    const { told, shedder, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    shedder.configure(0);
    expect(shedder.isShedding).toBe(false);
    pass(6_000, FAR_TOO_LATE_MS);
    expect(told).toEqual([true, false]);
  });
});
