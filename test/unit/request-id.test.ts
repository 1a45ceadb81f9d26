import { describe, expect, test } from '@jest/globals';
import { systemClock } from '@lb/shared/time/clock';
import { RequestIds } from '@lb/worker/internal/request/request-id';

describe('request ids', () => {
  test('are UUIDs of version 7, each another, through several draws of random bytes', () => {
    const ids = new RequestIds(systemClock);
    const made = Array.from({ length: 2_000 }, () => ids.next(systemClock.monotonicMs()));

    const uuid7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    expect(made.filter((id) => !uuid7.test(id))).toEqual([]);
    expect(new Set(made.map((id) => id.slice(14))).size).toBe(made.length);
  });

  test('begin with the time, and follow a clock that was set within a second', () => {
    let nowMs = 0x0199_0abc_def0;
    const ids = new RequestIds({ wallMs: () => nowMs, monotonicMs: () => 0 });
    const beginsAt = (monotonicMs: number): string => ids.next(monotonicMs).slice(0, 13);

    expect([beginsAt(7.3), beginsAt(7.4)]).toEqual(['01990abc-def0', '01990abc-def0']);
    expect(beginsAt(8.4)).toBe('01990abc-def1');
    nowMs = 1;
    expect(beginsAt(1_007.3)).toBe('00000000-0001');
  });
});
