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
