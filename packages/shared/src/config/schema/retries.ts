/** `pools.*.retries` and `pools.*.hedge`: when a request goes to a second backend. */
import * as z from 'zod';
import { DURATION_PATTERN, parseDuration } from '../units.ts';
import { duration, method, size, whole } from './scalars.ts';

/** What may be tried again: ways in which a try fails, and statuses of answers. */
const RETRIED = ['connect', 'reset', 'timeout', '502', '503', '504', '429'] as const;

/** Methods that change nothing, so that nothing is the matter when two backends have the request at once. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE'] as const;

const AFTER_HINT = 'expected p95, or a duration such as "100ms"';

/** `p95`, or a duration above zero as milliseconds. */
export const hedgeDelay = z
  .string(AFTER_HINT)
  .refine((text) => text === 'p95' || isDelay(text), AFTER_HINT)
  .transform((text) => (text === 'p95' ? text : parseDuration(text)));

const budget = z.strictObject({
  percent: whole(0, 100)
    .default(20)
    .describe('Of the requests in flight to the pool, over all workers; second tries not counted.'),
  min: whole(0, 10_000)
    .default(3)
    .describe('So many at once are allowed in any case. With percent 0 as well, none is.'),
});

const backoff = z.strictObject({
  base: duration.default(25).describe('Longest wait before the first retry; doubles each time.'),
  max: duration.default(250).describe('Longest wait there is.'),
});

/** What is tried again. */
export const retries = z.strictObject({
  attempts: whole(0, 10)
    .default(1)
    .describe('Tries beyond the first, on another backend where there is one.'),
  on: z
    .array(
      z.preprocess(
        (value) => (typeof value === 'number' ? String(value) : value),
        z.literal(RETRIED),
      ),
    )
    .default(['connect', 'reset'])
    .describe(
      'What is tried again, all before the first byte of an answer. connect: TLS too; timeout: no answer in time; 502, 503, 504, 429: answers with this status, of which the last goes to the client when no other try is allowed.',
    ),
  methods: z
    .array(method)
    .default(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
    .describe('Methods that are tried again, beside any request with Idempotency-Key.'),
  bufferBody: size.default(64 * 1024).describe('A body up to this size is kept for another try.'),
  budget: budget
    .prefault({})
    .describe(
      'Most second tries at once, hedges included: the larger of the two. One that came to nothing counts for a second more. Not counted: after a connection that could not be made or was closed while idle.',
    ),
  perTryTimeout: duration
    .default(0)
    .describe(
      'From the start of any try to the head of its answer, connecting included; running out of it is tried again, whether "on" has timeout or not. 0s = timeouts.response alone.',
    ),
  backoff: backoff
    .prefault({})
    .describe(
      'Wait before a retry: at random from 0 to base, 2 x base, 4 x base, ... None before the first retry when another backend is left. Retry-After is not waited for.',
    ),
});

/** When a second backend is asked without the first having failed. */
export const hedge = z.strictObject(
  {
    after: hedgeDelay.describe(
      'A request that has no answer after this long goes to another backend as well, once; the first answer is taken, the other try cancelled. A duration, or p95: what 95 % of the answers take at the moment.',
    ),
    methods: z
      .array(z.enum(SAFE_METHODS))
      .default(['GET', 'HEAD'])
      .describe('Methods for which this is done.'),
  },
  'expected null, or an object with after',
);

function isDelay(text: string): boolean {
  return DURATION_PATTERN.test(text) && parseDuration(text) > 0;
}
