/** `metrics`: where what was measured is kept beyond the memory of the instance. */
import * as z from 'zod';
import { parseInfluxUrl } from '../../persist/influx-url.ts';
import { parsePostgresUrl } from '../../persist/postgres-url.ts';
import { clientTls } from './client-tls.ts';
import { days, sampleInterval } from './scalars.ts';

const POSTGRES_HINT =
  'expected postgres://user:password@host:5432/database, or postgres://user@/database?host=/run/postgresql; "@", ":", "/" and "#" in a password are %40, %3A, %2F and %23';
const INFLUX_HINT =
  'expected http://user:password@host:8086/?db=NAME for InfluxDB 1, or http://host:8086/?org=NAME&bucket=NAME with "token" for InfluxDB 2';
const SCHEMA_HINT = 'expected a name of lower-case letters, digits and "_", at most 40 long';
const INSTANCE_HINT = 'expected printable characters without spaces, at most 200';

const interval = sampleInterval
  .default(10_000)
  .describe('How much time a sample stands for: whole seconds, from 1s to 1h.');

const instance = z
  .string(INSTANCE_HINT)
  .regex(/^[\x21-\x5b\x5d-\x7e]{1,200}$/, INSTANCE_HINT)
  .nullable()
  .default(null)
  .describe(
    'What this instance is called in the database, the same over restarts. Default: host name and a mark of the configuration file.',
  );

const secretText = (what: string) =>
  z.string(`expected ${what}`).min(1, `expected ${what}`).nullable().default(null);

const password = secretText('a password').describe(
  'Password, when the URL has none. Write it as ${NAME} or ${file:/path}.',
);

const postgres = z.strictObject({
  type: z
    .literal('postgres')
    .describe('PostgreSQL 12 or newer; the table is made when it is not there.'),
  url: z
    .string(POSTGRES_HINT)
    .refine((text) => parsePostgresUrl(text) !== undefined, POSTGRES_HINT)
    .describe(
      'postgres://user:password@host:5432/database; ?sslmode=require, verify-ca or verify-full for TLS. Unix socket: postgres://user@/database?host=/run/postgresql.',
    ),
  password,
  interval,
  retention: days
    .default(30)
    .describe('Days that are kept; each is a partition, dropped as a whole.'),
  schema: z
    .string(SCHEMA_HINT)
    .regex(/^[a-z_][a-z0-9_]{0,39}$/, SCHEMA_HINT)
    .refine(
      (name) => !name.startsWith('pg_'),
      'names that begin with pg_ are for PostgreSQL itself',
    )
    .default('lbctl_metrics')
    .describe('Schema that the table is in.'),
  instance,
  tls: clientTls
    .omit({ verify: true })
    .prefault({})
    .describe('Certificates for the TLS that sslmode asks for. Files are read again at a reload.'),
});

const influxdb = z
  .strictObject({
    type: z.literal('influxdb').describe('InfluxDB 1 or 2, by its line protocol.'),
    url: z
      .string(INFLUX_HINT)
      .refine((text) => parseInfluxUrl(text) !== undefined, INFLUX_HINT)
      .describe(
        'InfluxDB 1: http://user:password@host:8086/?db=NAME, with &rp=NAME for a retention policy. InfluxDB 2: http://host:8086/?org=NAME&bucket=NAME. Or https.',
      ),
    password,
    token: secretText('a token').describe(
      'Token of InfluxDB 2, which may write to the bucket and read it. Write it as ${NAME} or ${file:/path}.',
    ),
    interval,
    instance,
    tls: clientTls.prefault({}).describe('TLS to an https URL. Files are read again at a reload.'),
  })
  .superRefine((given, context) => {
    for (const { key, message } of brokenRules(given)) {
      context.addIssue({ code: 'custom', path: [key], message });
    }
  });

/** Where samples go. */
export const metrics = z.strictObject({
  persist: z
    .discriminatedUnion('type', [postgres, influxdb])
    .nullable()
    .default(null)
    .describe(
      'Database that keeps a sample of every route, pool and backend; the history of the dashboard and of the admin API reads it.',
    ),
});

interface Rule {
  readonly key: 'url' | 'password' | 'token';
  readonly message: string;
}

/** Who may come in is said in one way, that of the API which the URL asks for. */
function* brokenRules({
  url,
  password: given,
  token,
}: Pick<z.output<typeof influxdb>, 'url' | 'password' | 'token'>): Generator<Rule> {
  const parsed = parseInfluxUrl(url);
  if (parsed === undefined) return;
  if (parsed.api === 'v2') {
    if (token === null) yield { key: 'url', message: '"org" and "bucket" need a "token"' };
    if (given !== null) yield { key: 'password', message: 'InfluxDB 2 takes a "token" instead' };
    return;
  }
  if (token !== null)
    yield {
      key: 'token',
      message: 'a token goes with "org" and "bucket" in the url, not with "db"',
    };
  if (given !== null && parsed.user === undefined)
    yield { key: 'password', message: 'the url has no user whose password it could be' };
  if (given !== null && parsed.password !== undefined)
    yield { key: 'password', message: 'the url has a password already' };
}
