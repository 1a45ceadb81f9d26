/** What a pool does when its backends are full, fail too often, or become slow. */
import * as z from 'zod';
import { positiveDuration, whole } from './scalars.ts';

/** `pools.*.queue` */
export const queue = z.strictObject({
  max: whole(0, 1_000_000)
    .default(1024)
    .describe(
      'Requests that wait at once, shared out evenly to the workers; one more is refused. 0 = nobody waits.',
    ),
  timeout: positiveDuration.default(5_000).describe('Longest that one waits, else 503.'),
});

const RATE_HINT = 'expected a number above 0, up to 1: 0.5 is half of the tries';

/** `pools.*.circuitBreaker` */
export const circuitBreaker = z.strictObject({
  errorRate: z
    .number(RATE_HINT)
    .gt(0, RATE_HINT)
    .max(1, RATE_HINT)
    .default(0.5)
    .describe(
      'Share of failed tries that opens it: no connection, reset, timeout, malformed answer, 502, 503, 504.',
    ),
  minRequests: whole(1, 1_000_000)
    .default(20)
    .describe('With fewer tries in the window it does not open.'),
  window: positiveDuration.default(10_000).describe('Time that the share is taken over.'),
  openFor: positiveDuration
    .default(15_000)
    .describe('Time without any traffic, until some tries are let through.'),
  halfOpen: whole(1, 1_000)
    .default(3)
    .describe('Tries that are let through then: all good closes it, a bad one opens it again.'),
});
