/** `rateLimits`: how many requests a client may make. */
import * as z from 'zod';
import { requestRate, whole } from './scalars.ts';

const KEY_HINT =
  'expected client_ip, header:NAME, cookie:NAME, path or host, or several of them joined by "+"';

const KEY_PART = String.raw`(client_ip|path|host|(header|cookie):[!#$%&'*.^_\x60|~0-9A-Za-z-]+)`;
const KEY = new RegExp(String.raw`^\s*${KEY_PART}(\s*\+\s*${KEY_PART})*\s*$`);

/** One limit. */
export const rateLimit = z.strictObject({
  rate: requestRate.describe('Requests in a second, minute or hour: "100/s", "600/m", "10000/h".'),
  burst: whole(1, 10_000_000)
    .optional()
    .describe("Requests that may come at once. Default: one second's worth, at least 1."),
  key: z
    .string(KEY_HINT)
    .regex(KEY, KEY_HINT)
    .default('client_ip')
    .describe(
      'Who is counted: client_ip, header:NAME, cookie:NAME, path, host, or several joined by "+". A request without it is counted with all that have none.',
    ),
  ipv6Prefix: whole(1, 128)
    .default(64)
    .describe('IPv6 clients of one network of this length count as one.'),
  scope: z
    .enum(['cluster', 'worker'])
    .default('cluster')
    .describe('cluster: over all that share the store; worker: each worker by itself.'),
  onStoreDown: z
    .enum(['local', 'open', 'closed'])
    .default('local')
    .describe(
      'While the store is away. local: this instance by itself, with its share of the limit; open: no limit; closed: no request.',
    ),
  shadow: z
    .boolean('expected true or false')
    .default(false)
    .describe('Counts what it would refuse, refuses nothing.'),
  status: whole(400, 599).default(429).describe('Status of a refusal.'),
  headers: z
    .boolean('expected true or false')
    .default(true)
    .describe('RateLimit and RateLimit-Policy in answers, Retry-After in refusals.'),
});
