/**
 * pg, loaded when a database is first spoken to: an instance that keeps nothing in PostgreSQL does without it. By `require`, which
 * has the module when it returns.
 */
import { createRequire } from 'node:module';
import type * as pg from 'pg';

const load = createRequire(import.meta.url);

export function postgresLibrary(): typeof pg {
  return load('pg') as typeof pg;
}
