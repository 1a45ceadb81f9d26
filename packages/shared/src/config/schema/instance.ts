/** The sections of lb.yaml that concern the instance as a whole: admin, log, requestId, shutdown, overload. */
import * as z from 'zod';
import { parseBind } from '../../net/bind-address.ts';
import { duration, fieldName } from './scalars.ts';

/** Stands here by name because a listener must not take its port, whether the file says it or not. */
export const DEFAULT_ADMIN_BIND = '127.0.0.1:9090';

const ADMIN_HINT = 'expected host:port, for example 127.0.0.1:9090';

/** The admin server. */
export const admin = z.strictObject({
  bind: z
    .string(ADMIN_HINT)
    .refine((text) => parseBind(text)?.kind === 'tcp', ADMIN_HINT)
    .default(DEFAULT_ADMIN_BIND)
    .describe('Where the dashboard, /metrics, /healthz, /readyz and /api/v1 answer.'),
  token: z
    .string('expected a token')
    .min(8, 'expected a token of at least 8 characters')
    .nullable()
    .default(null)
    .describe(
      'Bearer token, and what the dashboard asks for. Required as soon as bind is not loopback.',
    ),
  dashboard: z
    .boolean('expected true or false')
    .default(true)
    .describe('The page at / for browsers. false: / is a list of paths for browsers as well.'),
  socket: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .nullable()
    .default(null)
    .describe(
      'Unix socket that lbctl talks to, mode 0600. Default: one per configuration file in $XDG_RUNTIME_DIR or /tmp.',
    ),
});

const ACCESS_FORMAT_HINT =
  'expected json, combined, ecs, or a template such as "{client} {method} {path} {status}"';

/** Printable, and short enough to leave the values room in a line. */
const accessTemplate = z
  .string()
  .max(1_000, 'expected a template of at most 1000 characters')
  .regex(/^[\t\x20-\x7e]*\{[\t\x20-\x7e]*$/, ACCESS_FORMAT_HINT);

/** Logging. */
export const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .describe('Least severe level that is written, on stderr.'),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('auto: pretty on a terminal, json otherwise.'),
  access: z
    .strictObject({
      enabled: z.boolean('expected true or false').default(true).describe('One line per request.'),
      format: z
        .union([z.enum(['json', 'combined', 'ecs']), accessTemplate], ACCESS_FORMAT_HINT)
        .default('json')
        .describe(
          'json; combined, the format of other servers; ecs, JSON in the names of the Elastic Common Schema; or a template such as "{client} {method} {path} {status}".',
        ),
      path: z
        .string('expected "stdout" or a path')
        .regex(/^(stdout|\/.+)$/, 'expected "stdout" or an absolute path')
        .default('stdout')
        .describe('stdout, or a file, reopened on SIGHUP.'),
      sample: z
        .number('expected a number from 0 to 1')
        .min(0, 'expected a number from 0 to 1')
        .max(1, 'expected a number from 0 to 1')
        .default(1)
        .describe('Share of the requests that are logged; those that failed always are.'),
      redact: z
        .array(fieldName)
        .default(['authorization', 'cookie', 'set-cookie'])
        .describe('Header fields and query parameters whose values no line shows.'),
    })
    .prefault({})
    .describe('The access log.'),
});

/** Request ids. */
export const requestId = z.strictObject({
  header: fieldName.default('X-Request-Id').describe('Header that carries the id.'),
  generate: z.enum(['uuidv7']).default('uuidv7').describe('How a new id is made.'),
});

/** Shutdown. */
export const shutdown = z.strictObject({
  drainTimeout: duration
    .default(30_000)
    .describe('How long requests in flight may take after SIGTERM.'),
});

/** Overload. */
export const overload = z.strictObject({
  eventLoopDelay: duration
    .default(200)
    .describe(
      'While the event loop of a worker is late by more than this, it sheds requests by the priority of their routes. "0s" = never.',
    ),
});
