import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Deadline } from '@lb/worker/internal/forward/native/deadline';

/** Timers and clock move together. */
let nowMs = 0;
let dueCount = 0;
let deadline: Deadline;

function pass(ms: number): void {
  for (let left = ms; left > 0; left--) {
    nowMs++;
    jest.advanceTimersByTime(1);
  }
}

beforeEach(() => {
  jest.useFakeTimers();
  nowMs = 1_000;
  dueCount = 0;
  const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
  deadline = new Deadline(clock, () => dueCount++);
});
afterEach(() => {
  deadline.close();
  jest.useRealTimers();
});

describe('a deadline', () => {
  test('is reached once, and not before', () => {
    deadline.set(nowMs + 100);
    pass(99);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
    pass(1_000);
    expect(dueCount).toBe(1);
  });

  test('can be moved later again and again with one timer', () => {
    for (let i = 0; i < 50; i++) {
      deadline.set(nowMs + 100);
      expect(jest.getTimerCount()).toBe(1);
      pass(10);
    }
    expect(dueCount).toBe(0);
    pass(89);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
  });

  test('can be moved earlier', () => {
    deadline.set(nowMs + 1_000);
    deadline.set(nowMs + 10);
    expect(jest.getTimerCount()).toBe(1);
    pass(10);
    expect(dueCount).toBe(1);
    pass(2_000);
    expect(dueCount).toBe(1);
  });

  test('can be moved later, then earlier than the timer that is armed', () => {
    deadline.set(nowMs + 100);
    deadline.set(nowMs + 500);
    deadline.set(nowMs + 20);
    pass(19);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
  });

  test('that is over already is reached with the next timer, not within the call', () => {
    deadline.set(nowMs - 5);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
  });

  test('is not reached once it is cleared', () => {
    deadline.set(nowMs + 10);
    deadline.clear();
    pass(100);
    expect(dueCount).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('can be set again while the timer of the cleared one is armed', () => {
    deadline.set(nowMs + 10);
    deadline.clear();
    deadline.set(nowMs + 50);
    pass(49);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
  });

  test('can be set again from its own call', () => {
    const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
    const times: number[] = [];
    const repeated = new Deadline(clock, () => {
      times.push(nowMs);
      if (times.length < 3) repeated.set(nowMs + 10);
    });
    repeated.set(nowMs + 10);
    pass(100);
    expect(times).toEqual([1_010, 1_020, 1_030]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is waited for again when its timer comes early', () => {
    deadline.set(nowMs + 10.5);
    pass(10);
    expect(dueCount).toBe(0);
    pass(1);
    expect(dueCount).toBe(1);
  });

  test('leaves no timer behind when it is closed', () => {
    deadline.set(nowMs + 10);
    deadline.close();
    expect(jest.getTimerCount()).toBe(0);
    pass(100);
    expect(dueCount).toBe(0);
  });
});
