/** What is kept outside of the instance: samples, and a place that takes them and gives them back. */
import type { Part } from '../traffic/traffic.ts';

/** What a sample is of. */
export type SampleKind = 'total' | 'route' | 'pool' | 'backend';

/** One thing over one interval; null where it has no such value. */
export interface Sample {
  /** When the interval ended, in milliseconds since 1970: a multiple of its length, but for the last one before the end. */
  readonly atMs: number;
  readonly kind: SampleKind;
  /** Names; '' where the kind has none. */
  readonly route: string;
  readonly pool: string;
  readonly backend: string;
  /** How long the interval really was. */
  readonly seconds: number;
  /** Tries, of pools and backends. */
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Of bodies; routes and the whole have them. */
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
  /** At the end of the interval. */
  readonly inFlight: number | null;
  readonly connections: number | null;
  /** 0 to 1. */
  readonly cacheHitRate: number | null;
  readonly state: string | null;
  /** In use. */
  readonly weight: number | null;
}

/** A stretch of time of one part, in steps of one length. The first step covers (end - step, end]. */
export interface PastQuestion {
  readonly part: Part;
  readonly endMs: number;
  readonly stepMs: number;
  /** Steps, counted back from the end. */
  readonly count: number;
}

/** What samples of one step add up to. Quantiles are means, each interval counting by its requests. */
export interface PastStep extends Pick<
  Sample,
  | 'seconds'
  | 'requests'
  | 'errors'
  | 'p50Ms'
  | 'p95Ms'
  | 'p99Ms'
  | 'connections'
  | 'inFlight'
  | 'cacheHitRate'
> {
  /** 0 for the step that ends at the end, 1 for the one before, ... */
  readonly back: number;
}

/** Why a database did not do what it was asked. */
export class PersistError extends Error {
  override readonly name = 'PersistError';
  /** It does not take these samples, and will not the next time: asking again is of no use. */
  readonly isRefusal: boolean;

  /** @param message one line for people; never a secret */
  constructor(message: string, isRefusal = false) {
    super(message);
    this.isRefusal = isRefusal;
  }
}

/** A database, as one instance uses it. Nothing is opened before it is asked for something. */
export interface SampleStore {
  /** Writes all of them; what was written before is not written twice. @throws PersistError */
  write(samples: readonly Sample[], signal: AbortSignal): Promise<void>;
  /** Steps that have a sample, in any order. @throws PersistError */
  read(question: PastQuestion, signal: AbortSignal): Promise<readonly PastStep[]>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** The names of a part, as samples have them. */
export function namesOf({
  route,
  pool,
  backend,
}: Part): Pick<Sample, 'kind' | 'route' | 'pool' | 'backend'> {
  const kind =
    route !== undefined
      ? 'route'
      : backend !== undefined
        ? 'backend'
        : pool !== undefined
          ? 'pool'
          : 'total';
  return { kind, route: route ?? '', pool: pool ?? '', backend: backend ?? '' };
}
