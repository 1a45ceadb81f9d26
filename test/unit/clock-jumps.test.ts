import { describe, expect, test } from '@jest/globals';
import type { Clock } from '@lb/shared/time/clock';
import { EVENT_LOOP_TURNS } from '@lb/worker/internal/overload/turnstile';
import { Shedder } from '@lb/worker/internal/overload/shedder';
import { HttpDate } from '@lb/worker/internal/request/http-date';
import { RequestIds } from '@lb/worker/internal/request/request-id';

const HOUR_MS = 3_600_000;

/** Dates that are set while time goes on. */
class SetClock implements Clock {
  wall = Date.UTC(2026, 0, 1, 12);
  monotonic = 5_000;

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

/** The time that a UUID of version 7 begins with. */
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

describe.each([
  ['back', -HOUR_MS],
  ['forward', HOUR_MS],
])('a wall clock that is set %s', (_way, jumpMs) => {
  test('is followed by the Date field at once', () => {
    const clock = new SetClock();
    const dates = new HttpDate(clock);
    dates.line();

    clock.wall += jumpMs;

    expect(dates.line()).toBe(`Date: ${new Date(clock.wall).toUTCString()}\r\n`);
  });

  test('is followed by request ids within a second, and they stay unique', () => {
    const clock = new SetClock();
    const ids = new RequestIds(clock);
    const first = ids.next(clock.monotonic);

    clock.wall += jumpMs;
    const second = ids.next(clock.monotonic);
    clock.pass(1_000);
    const third = ids.next(clock.monotonic);

    expect(timeOf(third)).toBe(clock.wall);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  test('is no overload', () => {
    const clock = new SetClock();
    const shedder = new Shedder({
      clock,
      turns: EVENT_LOOP_TURNS,
      onChange: () => undefined,
    });
    shedder.configure(200);

    for (let sample = 0; sample < 100; sample++) {
      clock.pass(25);
      clock.wall += jumpMs;
      shedder.sample();
    }

    expect(shedder.isShedding).toBe(false);
  });
});
