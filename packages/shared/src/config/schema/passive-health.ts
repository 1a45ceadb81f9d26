/** `pools.<name>.passiveHealth`: what takes a backend out by what real traffic says of it, and for how long. */
import * as z from 'zod';
import { positiveDuration, whole } from './scalars.ts';

const RATE_HINT = 'expected a share from 0 to 1 such as 0.3, 0 for off';
const FACTOR_HINT = 'expected 0 for off, or a number above 1 and up to 1000';

export const passiveHealth = z.strictObject({
  consecutiveErrors: whole(0, 1_000_000)
    .default(5)
    .describe(
      'Errors in a row, over all workers, that eject a backend: no connection, TLS, reset, timeout, malformed answer, 502, 503, 504. 0 = off.',
    ),
  errorRate: z
    .number(RATE_HINT)
    .min(0, RATE_HINT)
    .max(1, RATE_HINT)
    .default(0)
    .describe('Share of errors within the window that ejects: 0.3 = 30 %. 0 = off.'),
  latencyFactor: z
    .number(FACTOR_HINT)
    .refine((factor) => factor === 0 || (factor > 1 && factor <= 1_000), FACTOR_HINT)
    .default(0)
    .describe(
      "Ejects a backend whose p95 (time to the head of an answer) is more than this many times the median p95 of the pool's backends, and 5 ms more. Needs 3 backends with minRequests each. 0 = off.",
    ),
  window: positiveDuration
    .default(10_000)
    .describe('What errorRate and latencyFactor look back on.'),
  minRequests: whole(1, 1_000_000)
    .default(20)
    .describe('Requests that a backend must have had in the window, for either of the two.'),
  ejectFor: positiveDuration
    .default(30_000)
    .describe(
      'How long it is out: this, times the number of its ejections in a row. Each such time that it stays in afterwards takes one off the number.',
    ),
  maxEjectFor: positiveDuration.default(300_000).describe('Longest ejection.'),
  maxEjectedPercent: whole(0, 100)
    .default(50)
    .describe(
      "Share of the pool's backends that may be ejected at a time. The last one that may get traffic never is.",
    ),
});
