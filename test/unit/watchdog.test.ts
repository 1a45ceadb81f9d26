import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PING_INTERVAL_MS, SILENCE_MS, Watchdog } from '@lb/primary/internal/workers/watchdog';
import { createLogger } from '@lb/shared/logging/logger';
import { FakeClock } from '../support/fake-clock.ts';

const WORKER = {
  id: 7,
  slot: 0,
  pid: 1,
  state: 'running',
  applied: 1,
  listening: new Set<string>(),
} as const;

function setup() {
  const clock = new FakeClock();
  const asked: number[] = [];
  const condemned: number[] = [];
  const watchdog = new Watchdog({
    clock,
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
    workers: () => [WORKER],
    send: (id) => asked.push(id) > 0,
    condemn: (id) => void condemned.push(id),
  });
  watchdog.start();
  /** The clock and the timers go on together. */
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += PING_INTERVAL_MS) {
      clock.pass(PING_INTERVAL_MS);
      jest.advanceTimersByTime(PING_INTERVAL_MS);
    }
  };
  return { clock, asked, condemned, watchdog, pass };
}

describe('the watchdog', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('asks a silent worker once, and gives it up after a while', () => {
    const { asked, condemned, pass } = setup();

    pass(SILENCE_MS);
    expect({ asked, condemned }).toEqual({ asked: [7], condemned: [] });
    pass(PING_INTERVAL_MS);

    expect(condemned).toEqual([7]);
  });

  test('blames nobody for the time in which the primary itself stood still', () => {
    const { clock, condemned, pass } = setup();
    pass(PING_INTERVAL_MS);

    clock.pass(10 * SILENCE_MS);
    pass(SILENCE_MS - PING_INTERVAL_MS);

    expect(condemned).toEqual([]);
  });

  test('asks no more once it is closed', () => {
    const { asked, watchdog, pass } = setup();

    watchdog.close();
    pass(SILENCE_MS);

    expect(asked).toEqual([]);
  });
});
