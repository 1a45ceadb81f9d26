/** Waiting for what happens soon, without guessing how soon. */
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 5_000;

/** Runs the check until it throws no more, and returns what it returns. @throws what it threw last, after five seconds */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
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

/** Waits until a number has not changed for a quarter of a second, and returns it. */
export async function settled(read: () => number): Promise<number> {
  let last = Number.NaN;
  for (;;) {
    const now = read();
    if (now === last) return now;
    last = now;
    await pause(STEADY_MS);
  }
}
