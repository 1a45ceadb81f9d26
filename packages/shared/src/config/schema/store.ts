/** `store`, `stateDir`, `secret`: what workers and instances share, and what outlives a restart. */
import * as z from 'zod';
import { parseRedisAddress, parseRedisUrl } from '../../store/redis-url.ts';
import { clientTls } from './client-tls.ts';
import { positiveDuration } from './scalars.ts';

const URL_HINT = 'expected redis://host:6379/0, rediss://host:6379/0 or unix:/path.sock';
const ADDRESS_HINT = 'expected host:port, such as "10.0.0.5:26379"';

const address = z
  .string(ADDRESS_HINT)
  .refine((text) => parseRedisAddress(text) !== undefined, ADDRESS_HINT);

const text = (what: string) => z.string(`expected ${what}`).min(1, `expected ${what}`);

/** Where workers and instances agree. */
export const store = z.strictObject({
  type: z
    .enum(['memory', 'redis'])
    .default('memory')
    .describe('memory: in the primary, over the workers of this instance; redis: over all.'),
  url: z
    .string(URL_HINT)
    .refine((value) => parseRedisUrl(value) !== undefined, URL_HINT)
    .default('redis://127.0.0.1:6379/0')
    .describe(
      'redis://user:password@host:port/db, rediss:// for TLS, or unix:/path.sock. Not used with sentinels or cluster.',
    ),
  sentinels: z
    .array(address)
    .min(1, 'expected at least one sentinel')
    .optional()
    .describe('Addresses of the Sentinels that know where Redis is; with name.'),
  name: text('the name of the master that the sentinels watch')
    .optional()
    .describe('Name of the master that the Sentinels watch.'),
  cluster: z
    .array(address)
    .min(1, 'expected at least one node')
    .optional()
    .describe('Addresses of some nodes of a Redis Cluster; the others are found.'),
  username: text('a user name').nullable().default(null).describe('User, when the URL has none.'),
  password: text('a password')
    .nullable()
    .default(null)
    .describe('Password, when the URL has none. Write it as ${NAME} or ${file:/path}.'),
  sentinelPassword: text('a password')
    .nullable()
    .default(null)
    .describe('Password of the Sentinels themselves.'),
  useTls: z
    .boolean('expected true or false')
    .default(false)
    .describe('TLS to the Sentinels, and to all servers; a rediss:// URL has it anyway.'),
  tls: clientTls.prefault({}).describe('TLS to Redis. Files are read again at a reload.'),
  prefix: z
    .string('expected a prefix such as "lb:"')
    .regex(/^[\x21-\x7a|~]{0,64}$/, 'expected printable ASCII without spaces and braces')
    .default('lb:')
    .describe(
      'What every key begins with: instances that share limits and sessions have the same.',
    ),
  timeout: positiveDuration
    .default(50)
    .describe('A slower answer counts as down: requests go on without the store.'),
});

/** Where state is kept over a restart. */
export const stateDir = z
  .string('expected an absolute path')
  .regex(/^\//, 'expected an absolute path')
  .nullable()
  .default(null)
  .describe(
    'Folder for what outlives a restart with store.type memory: changes made at run time, and the secret. Default: $STATE_DIRECTORY, else nothing is kept.',
  );

/** What keys the sticky cookies. */
export const secret = z
  .string('expected a secret')
  .min(16, 'expected a secret of at least 16 characters')
  .nullable()
  .default(null)
  .describe(
    'Keys the sticky cookies; instances that share sessions need the same. Default: made once and kept in Redis or stateDir.',
  );
