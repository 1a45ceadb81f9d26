/** Waiting for what happens soon, without guessing how soon. */
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 5_000;

/** Runs the check until it throws no more, and returns what it returns. @throws what it threw last, when the time is up */
export async function eventually<T>(
  check: () => T | Promise<T>,
  limitMs: number = LIMIT_MS,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(5);
    }
  }
}

const STEADY_MS = 250;

/** Waits until a number is above zero and has not changed for a while. @throws Error when it never stays */
export async function settled(read: () => number, steadyMs: number = STEADY_MS): Promise<number> {
  const deadline = performance.now() + 4 * LIMIT_MS;
  let last = 0;
  while (performance.now() < deadline) {
    const now = read();
    if (now > 0 && now === last) return now;
    last = now;
    await pause(steadyMs);
  }
  throw new Error(`still moving, or still zero: ${last}`);
}

/** A busy machine may let a process wait this long. */
const STANDSTILL_MS = 1_000;

/** Waits until a number has come to this, as long as it keeps growing. @throws Error when it stands still before */
export async function reaches(read: () => number, goal: number): Promise<void> {
  for (let before = -1; read() < goal; before = await settled(read, STANDSTILL_MS)) {
    if (read() === before) throw new Error(`stopped at ${before} of ${goal}`);
  }
}
