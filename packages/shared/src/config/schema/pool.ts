/** `pools`: groups of backends, how one is picked, and how their health is known. */
import * as z from 'zod';
import { parseBackendUrl } from '../../net/backend-url.ts';
import { clientTls } from './client-tls.ts';
import { passiveHealth } from './passive-health.ts';
import { circuitBreaker, queue } from './pool-limits.ts';
import { hedge, retries } from './retries.ts';
import { duration, method, name, positiveDuration, whole } from './scalars.ts';
import { sticky } from './sticky.ts';

/** The policies that exist; the worker's registry has one class for each and the compiler says when one is missing. */
export const POLICIES = [
  'p2c',
  'round_robin',
  'weighted_round_robin',
  'least_connections',
  'random',
  'ewma',
  'ip_hash',
  'ring_hash',
  'maglev',
] as const;

/** The engines that exist; the worker has one for each and the compiler says when one is missing. */
export const ENGINES = ['native', 'http-proxy-3'] as const;

/** An engine's name in lb.yaml. */
export type Engine = (typeof ENGINES)[number];

const URL_HINT = 'expected http://host:port, https://host:port or unix:/path.sock';
const backendUrl = z
  .string(URL_HINT)
  .refine((text) => parseBackendUrl(text) !== undefined, URL_HINT);

const backend = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z.strictObject(
    {
      url: backendUrl.describe('http://host:port, https://host:port or unix:/path.sock.'),
      name: name.optional().describe('Name in logs and metrics. Default: host:port.'),
      weight: whole(0, 1000).default(1).describe('Share of the traffic. 0 = no new traffic.'),
      maxConnections: whole(0, 1_000_000)
        .default(0)
        .describe(
          'Requests in flight to it, over all workers; tunnels count. What is above goes to other backends or waits in the queue. 0 = no limit.',
        ),
      backup: z
        .boolean('expected true or false')
        .default(false)
        .describe('Used only when no other backend is left.'),
    },
    'expected a URL, or an object with url',
  ),
);

const STATUS_HINT = 'expected statuses such as "200", "200-399" or "200,204,301-302"';

/** `399-200` would be a range that no status is in. */
function rangesRise(text: string): boolean {
  return text.split(',').every((range) => {
    const [first = '', last = first] = range.split('-');
    return Number(first) <= Number(last);
  });
}

const healthCheck = z.strictObject({
  type: z
    .enum(['http', 'tcp', 'none'])
    .default('http')
    .describe('http: a request; tcp: a connection; none: only real traffic tells.'),
  path: z
    .string()
    .regex(/^\/\S*$/, 'expected a path such as "/health"')
    .default('/health')
    .describe('Path of the request.'),
  method: method.default('GET').describe('Method of the request.'),
  host: z.string().nullable().default(null).describe("Host header. Default: the backend's."),
  port: whole(1, 65_535).nullable().default(null).describe("Port. Default: the backend's."),
  expect: z
    .strictObject({
      status: z
        .string(STATUS_HINT)
        .regex(
          /^\s*[1-5]\d{2}(\s*-\s*[1-5]\d{2})?(\s*,\s*[1-5]\d{2}(\s*-\s*[1-5]\d{2})?)*\s*$/,
          STATUS_HINT,
        )
        .refine(rangesRise, 'a range of statuses goes from the lower to the higher: "200-399"')
        .default('200-399')
        .describe('Statuses that count as healthy.'),
      body: z
        .string()
        .nullable()
        .default(null)
        .describe('Text that must stand in the first 64 KiB of the body.'),
    })
    .prefault({})
    .describe('What a healthy backend answers.'),
  interval: positiveDuration.default(5_000).describe('Time between two probes, give or take 20 %.'),
  timeout: positiveDuration.default(2_000).describe('Longest a probe may take.'),
  fall: whole(1, 100).default(3).describe('Failures in a row that take a backend down.'),
  rise: whole(1, 100)
    .default(2)
    .describe('Successes in a row that bring it up; the very first result counts at once.'),
});

const timeouts = z.strictObject({
  connect: positiveDuration
    .default(3_000)
    .describe('To a connection, TLS included, else the try failed.'),
  response: positiveDuration
    .default(60_000)
    .describe('From the request to the head of the answer, else 504.'),
  idle: positiveDuration
    .default(60_000)
    .describe('Longest pause between two chunks of an answer, else the answer is cut.'),
  tunnel: positiveDuration
    .default(3_600_000)
    .describe('An upgraded connection without a byte for this long is closed.'),
});

const connections = z.strictObject({
  maxIdle: whole(0, 100_000)
    .default(64)
    .describe('Idle connections kept to a backend, per worker.'),
  idleTimeout: duration
    .default(4_000)
    .describe('An idle connection is closed after this; keep it below what the backend uses.'),
  max: whole(0, 1_000_000)
    .default(0)
    .describe('Connections to a backend, per worker. 0 = no limit.'),
  protocol: z
    .enum(['auto', 'http/1.1'])
    .default('auto')
    .describe('Protocol spoken to backends. auto = HTTP/1.1, over TLS too.'),
});

const HASH_ON_HINT = 'expected client_ip, path, header:NAME, cookie:NAME or query:NAME';
const BALANCE_FACTOR_HINT = 'expected 0 for no bound, or a number from 1 to 100';

/** One pool. */
export const pool = z.strictObject({
  policy: z
    .enum(POLICIES)
    .default('p2c')
    .describe('How a backend is picked. Every policy honours weight, health and slow start.'),
  hashOn: z
    .string(HASH_ON_HINT)
    .regex(
      /^(client_ip|path|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^\s&=#]+)$/,
      HASH_ON_HINT,
    )
    .default('client_ip')
    .describe(
      'What ring_hash and maglev send to the same backend: requests with the same client_ip, path, header:NAME, cookie:NAME or query:NAME. A request without it goes to any.',
    ),
  hashBalanceFactor: z
    .number(BALANCE_FACTOR_HINT)
    .min(0, BALANCE_FACTOR_HINT)
    .max(100, BALANCE_FACTOR_HINT)
    .refine((factor) => factor <= 0 || factor >= 1, BALANCE_FACTOR_HINT)
    .default(1.25)
    .describe(
      'ring_hash and maglev pass over a backend with this many times its share of what is in flight, and at least 4 requests. 0 = no bound.',
    ),
  engine: z
    .enum(ENGINES)
    .default('native')
    .describe('What forwards plain HTTP. Tunnels always go through http-proxy-3.'),
  backends: z
    .array(backend)
    .min(1, 'expected at least one backend')
    .describe('The backends: URLs, or objects.'),
  healthCheck: healthCheck.prefault({}).describe('Active probes, from the primary.'),
  passiveHealth: passiveHealth
    .prefault({})
    .describe('Ejects backends by what real traffic says of them.'),
  panicThreshold: whole(0, 100)
    .default(0)
    .describe(
      'Percent of the backends, less those that somebody drained or disabled: when fewer are available, health and ejections are ignored and all of these get traffic. 0 = off.',
    ),
  slowStart: duration
    .default(30_000)
    .describe(
      'How long a backend that came back, or was added by a reload, is spared: a tenth of its share at first, then evenly more. Never at the start, nor when no other is there. "0s" = off.',
    ),
  sticky: sticky
    .nullable()
    .default(null)
    .describe('How the requests of a session keep to one backend. Default: they do not.'),
  timeouts: timeouts.prefault({}).describe('How long a backend may take.'),
  retries: retries.prefault({}).describe('What is tried again.'),
  hedge: hedge
    .nullable()
    .default(null)
    .describe('Whether slow requests are sent to a second backend. Default: they are not.'),
  circuitBreaker: circuitBreaker
    .nullable()
    .default(null)
    .describe('Keeps traffic from a backend whose tries fail too often. Default: off.'),
  queue: queue
    .prefault({})
    .describe('Where requests wait while every backend is full: first come, first served.'),
  adaptiveConcurrency: z
    .boolean('expected true or false')
    .default(false)
    .describe(
      'Each worker limits what it has in flight to a backend by how the latency moves, between 3 and 1000.',
    ),
  connections: connections.prefault({}).describe('Connections to each backend, per worker.'),
  tls: clientTls
    .prefault({})
    .describe('TLS to backends with https URLs. Files are read again at a reload.'),
});
