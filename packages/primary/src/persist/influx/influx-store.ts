/** Samples in InfluxDB: written by the API that the URL asks for, read by InfluxQL, which both versions understand. */
import type { InfluxSettings } from '../persist-settings.ts';
import {
  namesOf,
  PersistError,
  type PastQuestion,
  type PastStep,
  type Sample,
  type SampleStore,
} from '../sample.ts';
import { InfluxHttp } from './influx-http.ts';
import { lineOf, MEASUREMENT, tagText } from './line-protocol.ts';

export class InfluxStore implements SampleStore {
  readonly #settings: InfluxSettings;
  readonly #instance: string;
  readonly #http: InfluxHttp;
  readonly #cut = new AbortController();

  constructor(settings: InfluxSettings, instance: string) {
    this.#settings = settings;
    this.#instance = instance;
    this.#http = new InfluxHttp(settings);
  }

  /** What was written before is written over by the same. */
  async write(samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const { url } = this.#settings;
    const body = samples.map((sample) => lineOf(sample, this.#instance)).join('\n');
    const target =
      url.api === 'v2'
        ? { path: 'api/v2/write', query: { org: url.org, bucket: url.bucket } }
        : { path: 'write', query: databaseOf(url) };
    const query = { ...target.query, precision: 'ms' };
    await this.#http.ask({ method: 'POST', path: target.path, query, body }, this.#until(signal));
  }

  async read(question: PastQuestion, signal: AbortSignal): Promise<readonly PastStep[]> {
    const { url } = this.#settings;
    const where = url.api === 'v2' ? { org: url.org, db: url.bucket } : databaseOf(url);
    const query = { ...where, epoch: 'ms', q: this.#select(question) };
    const text = await this.#http.ask({ method: 'GET', path: 'query', query }, this.#until(signal));
    const { endMs, stepMs } = question;
    return rowsIn(text).map((row) => {
      const backMs = endMs + OFFSET_MS - stepMs - (numberAt(row, 'time') ?? 0);
      return {
        back: Math.round(backMs / stepMs),
        seconds: numberAt(row, 'seconds') ?? 0,
        requests: numberAt(row, 'requests') ?? 0,
        errors: numberAt(row, 'errors') ?? 0,
        p50Ms: meanAt(row, 'p50'),
        p95Ms: meanAt(row, 'p95'),
        p99Ms: meanAt(row, 'p99'),
        connections: numberAt(row, 'connections'),
        inFlight: numberAt(row, 'in_flight'),
        cacheHitRate: numberAt(row, 'cache_hit_rate'),
      };
    });
  }

  /** Every request has a connection of its own, which ends with it. */
  close(): Promise<void> {
    this.#cut.abort();
    return Promise.resolve();
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#cut.signal]);
  }

  /** Its steps hold their first moment and not their last, so they begin a millisecond late. */
  #select({ part, endMs, stepMs, count }: PastQuestion): string {
    const { kind, route, pool, backend } = namesOf(part);
    const tags = { instance: this.#instance, kind, route, pool, backend };
    const conditions = Object.entries(tags).map(([tag, value]) => `"${tag}" = ${quoted(value)}`);
    const startMs = endMs - stepMs * count;
    const offsetMs = (endMs + OFFSET_MS) % stepMs;
    return `SELECT sum("seconds") AS "seconds", sum("requests") AS "requests", sum("errors") AS "errors",
      sum("p50") AS "p50", sum("p95") AS "p95", sum("p99") AS "p99", sum("timed") AS "timed",
      mean("connections") AS "connections", mean("in_flight") AS "in_flight", mean("cache_hit_rate") AS "cache_hit_rate"
      FROM (SELECT "seconds", "requests", "errors", "connections", "in_flight", "cache_hit_rate",
        "p50_ms" * "requests" AS "p50", "p95_ms" * "requests" AS "p95", "p99_ms" * "requests" AS "p99",
        "requests" + 0 * "p50_ms" AS "timed"
        FROM "${MEASUREMENT}"
        WHERE ${conditions.join(' AND ')} AND time > ${startMs}ms AND time <= ${endMs}ms)
      WHERE time > ${startMs}ms AND time <= ${endMs}ms
      GROUP BY time(${stepMs}ms, ${offsetMs}ms) fill(none)`;
  }
}

const OFFSET_MS = 1;

function databaseOf({
  database,
  policy,
}: {
  readonly database: string;
  readonly policy: string | undefined;
}) {
  return { db: database, ...(policy !== undefined && { rp: policy }) };
}

/** A string of InfluxQL. */
function quoted(value: string): string {
  return `'${tagText(value).replaceAll(/['\\]/g, '\\$&')}'`;
}

type InfluxRow = Readonly<Record<string, unknown>>;

interface QueryReply {
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
}

/** @throws PersistError for a query that failed, which has the status 200 too */
function rowsIn(text: string): InfluxRow[] {
  const [result] = parsed(text).results ?? [];
  if (result?.error !== undefined) throw new PersistError(result.error);
  return (result?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]]))),
  );
}

function parsed(text: string): QueryReply {
  try {
    return JSON.parse(text) as QueryReply;
  } catch {
    throw new PersistError('the answer is not from InfluxDB');
  }
}

function numberAt(row: InfluxRow, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' ? value : null;
}

/** Of a sum in which each interval counted by its requests. */
function meanAt(row: InfluxRow, column: string): number | null {
  const [sum, requests] = [numberAt(row, column), numberAt(row, 'timed')];
  return sum === null || requests === null || requests <= 0 ? null : sum / requests;
}
