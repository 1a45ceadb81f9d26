/** `caches`: answers that are kept and used again. */
import * as z from 'zod';
import { duration, size } from './scalars.ts';

/** One cache. */
export const cache = z.strictObject({
  maxSize: size
    .default(64 * 1024 * 1024)
    .describe('Memory in each worker; what was used longest ago goes first.'),
  maxObject: size
    .default(1024 * 1024)
    .describe('The largest body that is kept; larger ones pass through.'),
  shared: z
    .boolean('expected true or false')
    .default(false)
    .describe('A second tier in Redis, for all workers and instances; needs store.type redis.'),
  defaultTtl: duration
    .default(0)
    .describe(
      'How long answers are fresh that do not say it, to requests without Cookie and Authorization. "0s" = they are not kept.',
    ),
  heuristicFreshness: z
    .number('expected a number from 0 to 1')
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .default(0)
    .describe(
      'The same, for answers with Last-Modified: this part of the time since then, and at most a day. 0.1 is usual; 0 = off.',
    ),
  methods: z
    .array(z.enum(['GET', 'HEAD']))
    .default(['GET', 'HEAD'])
    .describe(
      'Methods that are answered with what is kept. HEAD is answered with what GET brought.',
    ),
  staleWhileRevalidate: duration
    .default(0)
    .describe(
      'Where the answer does not say: how long a stale one is used while it is asked for again.',
    ),
  staleIfError: duration
    .default(0)
    .describe('Where the answer does not say: how long a stale one is used in place of an error.'),
  collapse: z
    .boolean('expected true or false')
    .default(true)
    .describe('One request to a backend for each missing answer; who asks meanwhile waits for it.'),
  addStatusHeader: z
    .boolean('expected true or false')
    .default(true)
    .describe('Cache-Status in answers: whether they were kept, and why not (RFC 9211).'),
});
