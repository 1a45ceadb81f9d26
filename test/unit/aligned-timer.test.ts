import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AlignedTimer } from '@lb/shared/time/aligned-timer';

const clock = { wallMs: () => Date.now() };

describe('an aligned timer', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 10_130 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('goes off at the same moments whenever it was started', () => {
    const at: number[] = [];
    const timer = new AlignedTimer({ everyMs: 500 }, clock, () => at.push(Date.now()));
    jest.advanceTimersByTime(1_600);
    timer.stop();
    jest.advanceTimersByTime(1_000);
    expect(at).toEqual([10_500, 11_000, 11_500]);
  });

  test('keeps its distance from those moments where it has one', () => {
    const at: number[] = [];
    const timer = new AlignedTimer({ everyMs: 1_000, offsetMs: 250 }, clock, () =>
      at.push(Date.now()),
    );
    jest.advanceTimersByTime(2_500);
    timer.stop();
    // The first moment is too near: it may be one that went off a little early before.
    expect(at).toEqual([11_250, 12_250]);
  });

  test('goes off once where the wall clock was a little behind', () => {
    let behindMs = 0;
    const at: number[] = [];
    const late = { wallMs: () => Date.now() - behindMs };
    const timer = new AlignedTimer({ everyMs: 500 }, late, () => at.push(Date.now()));
    behindMs = 3;
    jest.advanceTimersByTime(1_600);
    timer.stop();
    expect(at).toEqual([10_500, 11_003, 11_503]);
  });

  test('can be stopped from within', () => {
    let times = 0;
    const timer = new AlignedTimer({ everyMs: 500 }, clock, () => {
      times++;
      timer.stop();
    });
    jest.advanceTimersByTime(3_000);
    expect(times).toBe(1);
  });
});
