/** `listeners`: where clients connect. */
import * as z from 'zod';
import { parseBind } from '../../net/bind-address.ts';
import { byteRate, name, positiveDuration, size, sizeOrNone, whole } from './scalars.ts';

const BIND_HINT = 'expected host:port, [v6]:port, unix:/path.sock or fd:NAME';

/** Limits of one listener; each answers with the status that stands beside it in docs/http.md. */
const limits = z.strictObject({
  connections: whole(0, 1_000_000)
    .default(0)
    .describe(
      'Open connections over all workers; above it a new one is accepted and closed at once. 0 = no limit.',
    ),
  headerTimeout: positiveDuration
    .default(10_000)
    .describe('A whole request head must arrive within this time, else 408.'),
  bodyIdleTimeout: positiveDuration
    .default(30_000)
    .describe(
      'Longest pause between two chunks of a request body, else 408. A client that takes nothing of its answer for so long is cut off.',
    ),
  bodyMinRate: byteRate
    .default(240)
    .describe('Slowest request body, measured after a grace of 5 s, else 408. 0 = off.'),
  keepAliveTimeout: positiveDuration
    .default(75_000)
    .describe('An idle client connection is closed after this time.'),
  maxRequestsPerConnection: whole(0, 1_000_000_000)
    .default(0)
    .describe('A connection is closed after this many requests. 0 = no limit.'),
  maxHeaders: whole(1, 10_000).default(100).describe('Header fields in a request, else 431.'),
  maxHeaderSize: size.default(32 * 1024).describe('Bytes of a request head, else 431.'),
  maxBody: sizeOrNone
    .default(10 * 1024 * 1024)
    .describe('Bytes of a request body, else 413. 0 = no limit. A route may set its own.'),
});

/** One listener. */
export const listener = z.strictObject({
  name: name.optional().describe('Name in logs and metrics. Default: its bind.'),
  bind: z
    .string(BIND_HINT)
    .refine((text) => parseBind(text) !== undefined, BIND_HINT)
    .describe(
      'host:port, [v6]:port, unix:/path.sock, or fd:NAME for a socket that systemd hands over (socket activation). Port 0 takes a free one.',
    ),
  accept: z
    .enum(['shared', 'reuseport', 'round-robin'])
    .default('shared')
    .describe(
      'How connections reach the workers. shared: all accept from one queue; the cheapest, but two or three long connections may meet at one worker. reuseport: the kernel spreads them over a queue per worker, evenly when there are many; TCP only. round-robin: the primary accepts and deals them out in turn, evenly even when there are two, at three to four times the CPU time for each.',
    ),
  protocols: z
    .array(z.enum(['http/1.1']))
    .min(1, 'expected at least one protocol')
    .default(['http/1.1'])
    .describe('Protocols spoken to clients.'),
  limits: limits.prefault({}).describe('What one client, and all of them together, may ask for.'),
});

export type ListenerLimits = z.output<typeof limits>;
