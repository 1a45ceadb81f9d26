/**
 * A backend as this worker knows it: one object per slot for as long as the primary keeps the slot, so that connections,
 * averages and counts outlive every reload that leaves the backend alone.
 */
import type { Agent } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import {
  type BackendSnapshot,
  type BackendState,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import type { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock } from '@lb/shared/time/clock';
import { BackendAgent } from '../forward/backend-agent.ts';
import { BackendTls } from '../forward/backend-tls.ts';
import { ConnectionPool } from '../forward/native/connection-pool.ts';
import type { BackendMetrics } from '../metrics/request-metrics.ts';
import type { Candidate } from './policy.ts';
import { LatencyAverage } from './latency-average.ts';
import { BackendLimits, type LimitTools } from './limits/backend-limits.ts';

/** Where a backend listens, in http.request's words. */
export interface BackendTarget {
  readonly protocol: 'http:';
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string;
  /** How it is spoken to over TLS; absent where it is not. */
  readonly tls?: BackendTls;
}

/** What every backend of a worker is handed. */
export interface BackendTools {
  readonly clock: Clock;
  readonly contexts: ClientContexts;
  readonly limits: LimitTools;
}

export class Backend implements Candidate {
  readonly slot: number;
  readonly pool: string;
  readonly name: string;
  readonly url: string;
  readonly metrics: BackendMetrics;
  /** Host header for requests that came without one: HTTP/1.0 needs none, HTTP/1.1 does. */
  readonly authority: string;
  readonly #isTls: boolean;
  readonly #latency: LatencyAverage;
  readonly #tools: BackendTools;
  #target: BackendTarget;
  #agent: BackendAgent;
  #connectionPool: ConnectionPool;
  #connections: PoolSnapshot['connections'];
  #tls: PoolSnapshot['tls'];
  #weight: number;
  #backup: boolean;
  #state: BackendState;
  #limits: BackendLimits | undefined;
  #outages = 0;
  #inFlight = 0;
  #inFlightElsewhere = 0;

  constructor(
    snapshot: BackendSnapshot,
    pool: PoolSnapshot,
    metrics: BackendMetrics,
    tools: BackendTools,
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
    const place =
      address.kind === 'unix'
        ? { host: 'localhost', port: 80, socketPath: address.path }
        : { host: address.host, port: address.port };
    this.#isTls = address.isTls;
    this.#tools = tools;
    this.#connections = pool.connections;
    this.#tls = pool.tls;
    this.#target = this.#withTls({ protocol: 'http:', ...place });
    this.#agent = new BackendAgent(pool.connections, this.#target, metrics);
    this.#connectionPool = this.#newConnections();
    this.#latency = new LatencyAverage(tools.clock);
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.#state = snapshot.state;
    this.#limits = BackendLimits.of(undefined, snapshot, pool, tools.limits);
  }

  /** What http-proxy-3 is pointed at, taken apart once: a string or URL would be parsed again for each request. */
  get target(): BackendTarget {
    return this.#target;
  }

  /** The native engine's connections. */
  get connections(): ConnectionPool {
    return this.#connectionPool;
  }

  /** The connections of http-proxy-3, which also carries every tunnel. */
  get agent(): Agent {
    return this.#agent.http;
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

  /** What limits it; undefined where nothing does. */
  get limits(): BackendLimits | undefined {
    return this.#limits;
  }

  get breaker(): BreakerState {
    return this.#limits?.gate?.state ?? 'closed';
  }

  /** Its breaker alone keeps it from getting requests of whoever comes. */
  get isBroken(): boolean {
    const { state, weight } = this;
    return this.breaker === 'open' && takesNewTraffic({ state, weight });
  }

  get hasRoom(): boolean {
    return this.#limits === undefined || this.#limits.hasRoom(this.#inFlight);
  }

  /** Whether it may get requests of whoever comes. */
  get isAvailable(): boolean {
    return takesNewTraffic(this);
  }

  /** Whether it may get requests that belong to it already, such as those of its sessions: weights are for new ones. */
  get isServing(): boolean {
    return this.#state !== 'down' && this.#state !== 'maintenance';
  }

  /** How often it stopped serving, as far as this worker knows: what was remembered of it before is out of date. */
  get outages(): number {
    return this.#outages;
  }

  setState(state: BackendState): void {
    const wasServing = this.isServing;
    this.#state = state;
    if (wasServing && !this.isServing) this.#outages++;
  }

  setBreaker(state: BreakerState): void {
    this.#limits?.gate?.set(state);
  }

  setWeight(weight: number): void {
    this.#weight = weight;
  }

  setInFlightElsewhere(count: number): void {
    this.#inFlightElsewhere = count;
  }

  /** Takes over what a new snapshot says of the same backend. */
  apply(snapshot: BackendSnapshot, pool: PoolSnapshot): void {
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.setState(snapshot.state);
    this.#limits = BackendLimits.of(this.#limits, snapshot, pool, this.#tools.limits);
    const sameTls = !this.#isTls || isDeepStrictEqual(pool.tls, this.#tls);
    if (sameTls && isDeepStrictEqual(pool.connections, this.#connections)) return;
    this.#connections = pool.connections;
    this.close();
    // With the settings goes the session: what was verified by the old ones says nothing about the new.
    if (!sameTls) {
      this.#tls = pool.tls;
      this.#target = this.#withTls(this.#target);
    }
    this.#agent = new BackendAgent(pool.connections, this.#target, this.metrics);
    this.#connectionPool = this.#newConnections();
  }

  /** A try begins. */
  begin(): void {
    this.#inFlight++;
    this.#limits?.begin();
    this.metrics.moveInFlight(1);
  }

  /** A try is over, answered or not. */
  end(): void {
    this.#inFlight--;
    this.metrics.moveInFlight(-1);
    this.#limits?.end();
  }

  /** The head of an answer came this long after the try began. */
  answered(status: number, ms: number, nowMs: number): void {
    this.#latency.observe(ms, nowMs);
    this.#limits?.answered(status, ms, nowMs, this.#inFlight);
    this.metrics.answered(status, ms);
  }

  /** A try ended without an answer, for which the backend is to blame. */
  failed(code: FailureCode): void {
    this.#limits?.failed();
    this.metrics.failed(code);
  }

  /** The body of an answer broke off. */
  cut(code: FailureCode): void {
    this.#limits?.cut();
    this.metrics.failed(code);
  }

  /** Idle connections are closed; those in use close with their request. */
  close(): void {
    this.#agent.retire();
    this.#connectionPool.retire();
  }

  #withTls(target: BackendTarget): BackendTarget {
    if (!this.#isTls) return target;
    return { ...target, tls: new BackendTls(this.#tls, target.host, this.#tools.contexts) };
  }

  #newConnections(): ConnectionPool {
    return new ConnectionPool(this.#connections, this.#target, this.metrics, this.#tools.clock);
  }
}
