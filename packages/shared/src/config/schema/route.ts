/** `routes`: which requests go where, and what happens to them on the way. */
import * as z from 'zod';
import { compress } from './compress.ts';
import {
  cidr,
  duration,
  fieldName,
  fieldValue,
  method,
  name,
  sizeOrNone,
  whole,
} from './scalars.ts';
import { compilePattern } from '../../net/pattern.ts';

/** A literal, or `~` and a regular expression without back-references or look-around (RE2). */
function pattern(hint: string): z.ZodString {
  return z
    .string(hint)
    .min(1, hint)
    .refine(
      (text) => !text.startsWith('~') || compilePattern(text.slice(1)) !== undefined,
      'not an RE2 regular expression (no back-references, no look-around)',
    );
}

const HOST_HINT = 'expected a host name such as "api.example.com" or "*.example.com"';
const hostPattern = z
  .string(HOST_HINT)
  .regex(/^(\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/, HOST_HINT);

const PATH_HINT = 'expected "/prefix", "/prefix/*", "=/exact" or "~^/regular/expression$"';
const pathPattern = pattern(PATH_HINT)
  .refine((text) => /^(\/|=\/|~)/.test(text), PATH_HINT)
  .refine(
    (text) => text.startsWith('~') || !/[?#\s]/.test(text),
    'a path has no query, fragment or space: match on "query" instead',
  );

const match = z.strictObject({
  hosts: z
    .array(hostPattern)
    .default([])
    .describe('Host names, without port; "*.example.com" is any name below it. Empty: every host.'),
  paths: z
    .array(pathPattern)
    .default([])
    .describe(
      '"/v1" or "/v1/*": that path and all below it, by whole segments. "=/exact". "~regex" (RE2). Empty: every path.',
    ),
  methods: z
    .array(method)
    .default([])
    .describe('Methods. Empty: every method but TRACE and CONNECT.'),
  headers: z
    .record(fieldName, pattern('expected a value, or "~regex"'))
    .default({})
    .describe('Header values: exact, or "~regex".'),
  query: z
    .record(z.string(), pattern('expected a value, or "~regex"'))
    .default({})
    .describe('Query parameters: exact after decoding, or "~regex".'),
});

const headerEdits = z.strictObject({
  set: z.record(fieldName, fieldValue).default({}).describe('Replaces the header, or adds it.'),
  add: z.record(fieldName, fieldValue).default({}).describe('Adds a line, keeps the others.'),
  remove: z.array(fieldName).default([]).describe('Removes the header.'),
});

const redirect = z.strictObject({
  to: fieldValue.describe(
    'Target. {scheme} {host} {hostname} {port} {path} {query} {uri} are filled in from the request.',
  ),
  status: z
    .union(
      [z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)],
      'expected 301, 302, 303, 307 or 308',
    )
    .default(308)
    .describe('Status of the answer: 301, 302, 303, 307 or 308.'),
});

const respond = z.strictObject({
  status: whole(200, 599).default(200).describe('Status of the answer.'),
  headers: z.record(fieldName, fieldValue).default({}).describe('Headers of the answer.'),
  body: z.string('expected text').default('').describe('Body of the answer.'),
});

const rewrite = z.strictObject({
  stripPrefix: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'expected a path such as "/v1"')
    .optional()
    .describe('Taken off the front of the path, by whole segments.'),
  addPrefix: z
    .string()
    .regex(/^(\/[^?#\s]*)?$/, 'expected a path such as "/internal"')
    .default('')
    .describe('Put before the path, after stripPrefix.'),
  host: z
    .string()
    .regex(/^[^\s/@?#]+$/, 'expected a host such as "internal.example"')
    .nullable()
    .default(null)
    .describe('Host header sent to the backend. Default: as the client sent it.'),
});

/** How much a route's requests matter when not all can be served, from the most. */
const PRIORITIES = ['critical', 'normal', 'sheddable'] as const;

/** What is shed first under overload. */
export type Priority = (typeof PRIORITIES)[number];
const PERCENT_HINT = 'expected a number from 0 to 100';

const mirror = z.strictObject({
  pool: z.string('expected the name of a pool').describe('The pool that gets the copies.'),
  percent: z
    .number(PERCENT_HINT)
    .min(0, PERCENT_HINT)
    .max(100, PERCENT_HINT)
    .default(100)
    .describe('How many of the requests are copied.'),
});

/** One route: match plus exactly one of pool, split, redirect, respond. */
export const route = z.strictObject({
  name: name.optional().describe('Name in logs and metrics. Default: route-<index>.'),
  match: match.prefault({}).describe('All that are given must hold.'),
  pool: z.string('expected the name of a pool').optional().describe('The pool that answers.'),
  split: z
    .array(
      z.strictObject({
        pool: z.string('expected the name of a pool').describe('The pool.'),
        weight: whole(0, 1_000_000).describe('Its share, of the sum of all weights.'),
      }),
    )
    .min(1, 'expected at least one pool')
    .optional()
    .describe(
      'Several pools, by weight. Where one of them is sticky, a client keeps to its pool as well.',
    ),
  redirect: redirect.optional().describe('Answer with a redirect.'),
  respond: respond.optional().describe('Answer with a fixed response.'),
  mirror: mirror
    .nullable()
    .default(null)
    .describe(
      'Copies requests to another pool and throws the answers away. Bodies up to its retries.bufferBody; no tunnels.',
    ),
  rewrite: rewrite
    .prefault({})
    .describe('Changes to the path and to Host on the way to the backend.'),
  headers: z
    .strictObject({
      request: headerEdits.prefault({}).describe('What the backend sees.'),
      response: headerEdits.prefault({}).describe('What the client sees.'),
    })
    .prefault({})
    .describe('Header changes on the way to the backend and back.'),
  access: z
    .strictObject({
      allow: z.array(cidr).default([]).describe('Who may come in; empty: everybody.'),
      deny: z.array(cidr).default([]).describe('Who may not, even when allowed.'),
    })
    .prefault({})
    .describe('Client address ranges. deny wins; a non-empty allow refuses the rest with 403.'),
  rateLimit: z
    .array(z.string('expected the name of a rate limit'))
    .default([])
    .describe('Names under rateLimits; all of them must allow a request.'),
  cache: z
    .string('expected the name of a cache')
    .nullable()
    .default(null)
    .describe(
      'Name under caches: keeps answers and uses them again. Routes that change what others read name the same one.',
    ),
  compress: compress.describe(
    'Compresses answers that gain by it, for clients that take it (docs/compression.md).',
  ),
  timeout: duration
    .default(0)
    .describe('Whole request, from its head to the end of the answer. "0s" = none.'),
  priority: z
    .enum(PRIORITIES)
    .default('normal')
    .describe(
      'Under overload, normal requests go before sheddable ones, and the rest is refused; critical never.',
    ),
  maxBody: sizeOrNone
    .optional()
    .describe("Bytes of a request body, in place of the listener's limit. 0 = no limit."),
});
