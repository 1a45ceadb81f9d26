/**
 * The table in PostgreSQL: `samples` in a schema of its own, a partition for each day by UTC. Partitions are made a few days ahead,
 * and dropped as a whole when all of their day is older than what is kept.
 *
 * Many instances do this at the same time: whoever finds something to do takes a lock that lasts as long as its transaction.
 */
import type { PostgresConnection, PostgresRow } from './postgres-connection.ts';

const DAY_MS = 86_400_000;

/** So that no sample waits for its partition at midnight, be the other instances' clocks right or not. */
const DAYS_AHEAD = 2;

/** What is too old is looked for this often. */
const LOOK_MS = 3_600_000;

/** One number for all of lbctl: what is locked is so for milliseconds. */
const LOCK_KEY = 7_146_511;

/** A lock that others hold longer than this is none to wait for: readers must not queue up behind us. */
const LOCK_MS = 2_000;

const COLUMNS = `
  at timestamptz NOT NULL,
  instance text NOT NULL,
  kind text NOT NULL,
  route text NOT NULL,
  pool text NOT NULL,
  backend text NOT NULL,
  seconds real NOT NULL,
  requests bigint NOT NULL,
  errors bigint NOT NULL,
  p50_ms real,
  p95_ms real,
  p99_ms real,
  bytes_in bigint,
  bytes_out bigint,
  in_flight integer,
  connections integer,
  cache_hit_rate real,
  state text,
  weight real`;

export interface PartitionsOptions {
  readonly connection: PostgresConnection;
  readonly schema: string;
  readonly retentionDays: number;
}

export class Partitions {
  readonly #options: PartitionsOptions;
  /** Days that have a partition, as numbers since 1970. */
  #days = new Set<number>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  /** `lbctl_metrics.samples`, ready for a statement. */
  get table(): string {
    return `"${this.#options.schema}".samples`;
  }

  /** Makes what is missing for samples of these moments, and drops what is too old. @throws PersistError */
  async prepare(momentsMs: readonly number[], nowMs: number, signal: AbortSignal): Promise<void> {
    const wanted = new Set(momentsMs.map(dayOf));
    const isKnown = [...wanted].every((day) => this.#days.has(day));
    if (isKnown && nowMs - this.#lookedAtMs < LOOK_MS) return;
    const today = dayOf(nowMs);
    for (let ahead = 0; ahead <= DAYS_AHEAD; ahead++) wanted.add(today + ahead);
    const found = await this.#look(signal);
    const missing = [...wanted].filter((day) => !found.days.has(day));
    const old = [...found.days].filter((day) => day < this.#oldest(nowMs));
    if (missing.length > 0 || old.length > 0) {
      const statements = [
        `SET LOCAL lock_timeout = ${LOCK_MS}`,
        `SELECT pg_advisory_xact_lock(${LOCK_KEY})`,
        ...(found.hasSchema ? [] : [`CREATE SCHEMA IF NOT EXISTS "${this.#options.schema}"`]),
        ...(found.hasTable ? [] : [this.#makeTable()]),
        ...missing.map((day) => this.#makeDay(day)),
        ...old.map((day) => `DROP TABLE IF EXISTS ${this.#partition(day)}`),
      ];
      await this.#options.connection.query(statements.join(';\n'), undefined, signal);
    }
    this.#days = new Set([...found.days, ...wanted]);
    for (const day of old) this.#days.delete(day);
    this.#lookedAtMs = nowMs;
  }

  /** Somebody dropped what was there: looks again the next time. */
  forget(): void {
    this.#days.clear();
  }

  /** Samples from before are not kept. */
  isTooOld(atMs: number, nowMs: number): boolean {
    return dayOf(atMs) < this.#oldest(nowMs);
  }

  /** The first day that is kept. */
  #oldest(nowMs: number): number {
    return dayOf(nowMs - this.#options.retentionDays * DAY_MS);
  }

  async #look(signal: AbortSignal) {
    const { connection, schema } = this.#options;
    const text = `
      SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS has_schema,
        array(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')) AS names`;
    const [row] = await connection.query(text, [schema], signal);
    const names = namesIn(row);
    return {
      hasSchema: row?.['has_schema'] === true,
      hasTable: names.includes('samples'),
      days: new Set(names.flatMap((name) => dayFrom(name) ?? [])),
    };
  }

  #makeTable(): string {
    // Unique, so that a batch whose answer got lost can be written again; in the order in which the past is read.
    const key = 'PRIMARY KEY (instance, kind, route, pool, backend, at)';
    return `CREATE TABLE IF NOT EXISTS ${this.table} (${COLUMNS},\n  ${key}\n) PARTITION BY RANGE (at)`;
  }

  #makeDay(day: number): string {
    const [from, to] = [day, day + 1].map((each) => `'${isoDay(each)} 00:00:00+00'`);
    return `CREATE TABLE IF NOT EXISTS ${this.#partition(day)} PARTITION OF ${this.table} FOR VALUES FROM (${from}) TO (${to})`;
  }

  #partition(day: number): string {
    return `"${this.#options.schema}".samples_${isoDay(day).replaceAll('-', '')}`;
  }
}

function namesIn(row: PostgresRow | undefined): readonly string[] {
  const names = row?.['names'];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Undefined for a table that is no partition of ours. */
function dayFrom(name: string): number | undefined {
  const [, year = '', month = '', day = ''] = /^samples_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}`);
  return Number.isNaN(ms) ? undefined : dayOf(ms);
}
