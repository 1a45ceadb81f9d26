import { describe, expect, test } from '@jest/globals';
import type { Priority } from '@lb/shared/config/schema/route';
import { seededRandom } from '@lb/shared/time/clock';
import { SHEDDER_SAMPLE_MS, Shedder } from '@lb/worker/internal/overload/shedder';
import { FakeClock } from '../support/fake-clock.ts';

const TARGET_MS = 200;
const FAR_TOO_LATE_MS = 400;

function setup({ targetMs = TARGET_MS, hasSheddable = true } = {}) {
  const clock = new FakeClock();
  const told: boolean[] = [];
  const shedder = new Shedder(clock, seededRandom(1), (isShedding) => void told.push(isShedding));
  shedder.configure(targetMs, hasSheddable);
  /** Lets time pass in which every turn of the event loop is so late. */
  const pass = (ms: number, delayMs: number): void => {
    const step = SHEDDER_SAMPLE_MS + delayMs;
    for (let passed = 0; passed < ms; passed += step) {
      clock.pass(step);
      shedder.sample();
    }
  };
  /** Share of the requests that are refused. */
  const share = (priority: Priority): number => {
    let refused = 0;
    for (let asked = 0; asked < 1_000; asked++) if (shedder.sheds(priority)) refused++;
    return refused / 1_000;
  };
  return { clock, told, shedder, pass, share };
}

describe('the shedder', () => {
  test('refuses nothing while the event loop is in time', () => {
    const { shedder, pass } = setup();
    pass(10_000, TARGET_MS / 2);
    expect(shedder.isShedding).toBe(false);
  });

  test('refuses nothing for a single long turn, nor for a busy moment', () => {
    const { shedder, pass } = setup();
    pass(1, 5_000);
    pass(1, 0);
    pass(1_200, FAR_TOO_LATE_MS);
    pass(1, 0);
    pass(1_200, FAR_TOO_LATE_MS);
    expect(shedder.isShedding).toBe(false);
  });

  test('refuses sheddable requests first, more of them the longer it lasts', () => {
    const { pass, share } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    const before = share('sheddable');
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(1);
    pass(400, FAR_TOO_LATE_MS);
    expect(share('sheddable')).toBeGreaterThan(before);
    expect(share('normal')).toBe(0);
  });

  test('refuses normal requests when that was not enough, but never all', () => {
    const { pass, share } = setup();
    pass(20_000, FAR_TOO_LATE_MS);
    expect(share('sheddable')).toBe(1);
    expect(share('normal')).toBeGreaterThan(0.9);
    expect(share('normal')).toBeLessThan(1);
  });

  test('refuses normal requests at once where no route is sheddable', () => {
    const { pass, share } = setup({ hasSheddable: false });
    pass(2_000, FAR_TOO_LATE_MS);
    expect(share('normal')).toBeGreaterThan(0);
  });

  test('never refuses a critical request', () => {
    const { pass, share } = setup();
    pass(60_000, FAR_TOO_LATE_MS);
    expect(share('critical')).toBe(0);
  });

  test('lets them in again bit by bit', () => {
    const { shedder, pass, share } = setup();
    pass(20_000, FAR_TOO_LATE_MS);
    pass(6_000, 0);
    expect(share('normal')).toBe(0);
    expect(share('sheddable')).toBeGreaterThan(0);
    pass(6_000, 0);
    expect(shedder.isShedding).toBe(false);
  });

  test('says once that it began, and once that it has been over for a while', () => {
    const { told, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    pass(4_000, 0);
    pass(2_000, FAR_TOO_LATE_MS);
    expect(told).toEqual([true]);
    pass(12_000, 0);
    expect(told).toEqual([true, false]);
  });

  test('ends with a configuration that switches it off', () => {
    const { told, shedder, pass } = setup();
    pass(2_000, FAR_TOO_LATE_MS);
    shedder.configure(0, true);
    expect(shedder.isShedding).toBe(false);
    pass(6_000, FAR_TOO_LATE_MS);
    expect(shedder.isShedding).toBe(false);
    expect(told).toEqual([true, false]);
  });
});
