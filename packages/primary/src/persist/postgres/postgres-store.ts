/** Samples in PostgreSQL. What is written and what is read have a connection each, so that neither waits for the other. */
import type { Clock } from '@lb/shared/time/clock';
import type { PostgresSettings } from '../persist-settings.ts';
import {
  namesOf,
  type PastQuestion,
  type PastStep,
  type Sample,
  type SampleStore,
} from '../sample.ts';
import { Partitions } from './partitions.ts';
import {
  NO_PARTITION,
  PostgresConnection,
  PostgresError,
  type PostgresRow,
} from './postgres-connection.ts';

/** undefined_table: it was dropped by hand. */
const NO_TABLE = '42P01';

/** Column, its type, and what stands in it. */
const COLUMNS: readonly (readonly [string, string, (sample: Sample) => unknown])[] = [
  ['at', 'timestamptz', ({ atMs }) => new Date(atMs).toISOString()],
  ['kind', 'text', ({ kind }) => kind],
  ['route', 'text', ({ route }) => route],
  ['pool', 'text', ({ pool }) => pool],
  ['backend', 'text', ({ backend }) => backend],
  ['seconds', 'real', ({ seconds }) => seconds],
  ['requests', 'bigint', ({ requests }) => requests],
  ['errors', 'bigint', ({ errors }) => errors],
  ['p50_ms', 'real', ({ p50Ms }) => p50Ms],
  ['p95_ms', 'real', ({ p95Ms }) => p95Ms],
  ['p99_ms', 'real', ({ p99Ms }) => p99Ms],
  ['bytes_in', 'bigint', ({ bytesIn }) => bytesIn],
  ['bytes_out', 'bigint', ({ bytesOut }) => bytesOut],
  ['in_flight', 'integer', ({ inFlight }) => inFlight],
  ['connections', 'integer', ({ connections }) => connections],
  ['cache_hit_rate', 'real', ({ cacheHitRate }) => cacheHitRate],
  ['state', 'text', ({ state }) => state],
  ['weight', 'real', ({ weight }) => weight],
];

export interface PostgresStoreOptions {
  readonly settings: PostgresSettings;
  readonly instance: string;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export class PostgresStore implements SampleStore {
  readonly #options: PostgresStoreOptions;
  readonly #writing: PostgresConnection;
  readonly #reading: PostgresConnection;
  readonly #partitions: Partitions;

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
    const { settings } = options;
    this.#writing = new PostgresConnection(settings);
    this.#reading = new PostgresConnection(settings);
    const { schema, retentionDays } = settings;
    this.#partitions = new Partitions({ connection: this.#writing, schema, retentionDays });
  }

  async write(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const nowMs = this.#options.clock.wallMs();
    const kept = samples.filter(({ atMs }) => !this.#partitions.isTooOld(atMs, nowMs));
    const moments = kept.map(({ atMs }) => atMs);
    await this.#partitions.prepare(moments, nowMs, signal);
    const names = COLUMNS.map(([name]) => name).join(', ');
    const arrays = COLUMNS.map(([, type], index) => `$${index + 2}::${type}[]`).join(', ');
    const text = `INSERT INTO ${this.#partitions.table} (instance, ${names})
      SELECT $1::text, * FROM unnest(${arrays}) ON CONFLICT DO NOTHING`;
    const columns = COLUMNS.map(([, , valueOf]) => kept.map(valueOf));
    try {
      await this.#writing.query(text, [this.#options.instance, ...columns], signal);
    } catch (error) {
      const isGone =
        error instanceof PostgresError && [NO_PARTITION, NO_TABLE].includes(error.code);
      if (isGone) this.#partitions.forget();
      throw error;
    }
  }

  async read({ part, endMs, stepMs, count }: PastQuestion, signal: AbortSignal) {
    const { kind, route, pool, backend } = namesOf(part);
    const [end, start] = [endMs, endMs - stepMs * count].map((ms) => new Date(ms).toISOString());
    const mean = (column: string): string =>
      `sum(${column} * requests) / nullif(sum(requests) FILTER (WHERE ${column} IS NOT NULL), 0) AS ${column}`;
    const text = `
      SELECT floor(extract(epoch FROM $1::timestamptz - at) / $2)::int AS back,
        sum(seconds) AS seconds, sum(requests)::float8 AS requests, sum(errors)::float8 AS errors,
        ${['p50_ms', 'p95_ms', 'p99_ms'].map(mean).join(', ')},
        avg(connections)::float8 AS connections, avg(in_flight)::float8 AS in_flight,
        avg(cache_hit_rate) AS cache_hit_rate
      FROM ${this.#partitions.table}
      WHERE instance = $3 AND kind = $4 AND route = $5 AND pool = $6 AND backend = $7
        AND at > $8 AND at <= $1
      GROUP BY 1`;
    const { instance } = this.#options;
    const values = [end, stepMs / 1_000, instance, kind, route, pool, backend, start];
    try {
      return (await this.#reading.query(text, values, signal)).map(stepOf);
    } catch (error) {
      // Nothing was written yet.
      if (error instanceof PostgresError && error.code === NO_TABLE) return [];
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writing.close(), this.#reading.close()]);
  }
}

function stepOf(row: PostgresRow): PastStep {
  return {
    back: numberOf(row['back']) ?? 0,
    seconds: numberOf(row['seconds']) ?? 0,
    requests: numberOf(row['requests']) ?? 0,
    errors: numberOf(row['errors']) ?? 0,
    p50Ms: numberOf(row['p50_ms']),
    p95Ms: numberOf(row['p95_ms']),
    p99Ms: numberOf(row['p99_ms']),
    connections: numberOf(row['connections']),
    inFlight: numberOf(row['in_flight']),
    cacheHitRate: numberOf(row['cache_hit_rate']),
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
