/**
 * A backend as this worker knows it: one object per slot for as long as the primary keeps the slot, so that connections,
 * averages and counts outlive every reload that leaves the backend alone.
 */
import { isDeepStrictEqual } from 'node:util';
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import type { BackendSnapshot, BackendState, PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import { BackendAgent } from '../forward/backend-agent.ts';
import { ConnectionPool } from '../forward/native/connection-pool.ts';
import type { BackendMetrics } from '../metrics/request-metrics.ts';
import type { Candidate } from './policy.ts';
import { LatencyAverage } from './latency-average.ts';

/** Where a backend listens, in http.request's words. */
export interface BackendTarget {
  readonly protocol: 'http:';
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string;
}

export class Backend implements Candidate {
  readonly slot: number;
  readonly pool: string;
  readonly name: string;
  readonly url: string;
  readonly metrics: BackendMetrics;
  /** Host header for requests that came without one: HTTP/1.0 needs none, HTTP/1.1 does. */
  readonly authority: string;
  /** What http-proxy-3 is pointed at, taken apart once: a string or URL would be parsed again for each request. */
  readonly target: BackendTarget;
  readonly #latency: LatencyAverage;
  readonly #clock: Clock;
  #agent: BackendAgent;
  #connectionPool: ConnectionPool;
  #connections: PoolSnapshot['connections'];
  #weight: number;
  #backup: boolean;
  #state: BackendState;
  #inFlight = 0;
  #inFlightElsewhere = 0;

  constructor(
    snapshot: BackendSnapshot,
    pool: PoolSnapshot,
    metrics: BackendMetrics,
    clock: Clock,
  ) {
    const address = parseBackendUrl(snapshot.url);
    if (address === undefined)
      throw new Error(`a checked configuration has the backend ${snapshot.url}`);
    this.slot = snapshot.slot;
    this.pool = pool.name;
    this.name = snapshot.name;
    this.url = snapshot.url;
    this.metrics = metrics;
    this.authority = address.kind === 'tcp' ? new URL(snapshot.url).host : 'localhost';
    this.target =
      address.kind === 'unix'
        ? { protocol: 'http:', host: 'localhost', port: 80, socketPath: address.path }
        : { protocol: 'http:', host: address.host, port: address.port };
    this.#connections = pool.connections;
    this.#clock = clock;
    this.#agent = new BackendAgent(pool.connections, metrics);
    this.#connectionPool = new ConnectionPool(pool.connections, this.target, metrics, clock);
    this.#latency = new LatencyAverage(clock);
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.#state = snapshot.state;
  }

  /** The native engine's connections. */
  get connections(): ConnectionPool {
    return this.#connectionPool;
  }

  /** The connections of http-proxy-3, which also carries every tunnel. */
  get agent(): BackendAgent {
    return this.#agent;
  }

  get weight(): number {
    return this.#weight;
  }

  get backup(): boolean {
    return this.#backup;
  }

  get load(): number {
    return this.#inFlight + this.#inFlightElsewhere;
  }

  get latencyMs(): number {
    return this.#latency.currentMs();
  }

  /** In flight in this worker alone. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get state(): BackendState {
    return this.#state;
  }

  /** Whether it may get traffic at all. */
  get isAvailable(): boolean {
    return this.#state !== 'down' && this.#weight > 0;
  }

  setState(state: BackendState): void {
    this.#state = state;
  }

  setInFlightElsewhere(count: number): void {
    this.#inFlightElsewhere = count;
  }

  /** Takes over what a new snapshot says of the same backend. */
  apply(snapshot: BackendSnapshot, pool: PoolSnapshot): void {
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.#state = snapshot.state;
    if (isDeepStrictEqual(pool.connections, this.#connections)) return;
    this.#connections = pool.connections;
    this.close();
    this.#agent = new BackendAgent(pool.connections, this.metrics);
    this.#connectionPool = new ConnectionPool(
      pool.connections,
      this.target,
      this.metrics,
      this.#clock,
    );
  }

  /** A try begins. */
  begin(): void {
    this.#inFlight++;
    this.metrics.moveInFlight(1);
  }

  /** A try is over, answered or not. */
  end(): void {
    this.#inFlight--;
    this.metrics.moveInFlight(-1);
  }

  /** The head of an answer came this long after the try began. */
  answered(status: number, ms: number): void {
    this.#latency.observe(ms);
    this.metrics.answered(status, ms);
  }

  /** Idle connections are closed; those in use close with their request. */
  close(): void {
    this.#agent.retire();
    this.#connectionPool.retire();
  }
}
