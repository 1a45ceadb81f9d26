/**
 * A backend as this worker knows it: one object per slot for as long as the primary keeps the slot, so that connections,
 * averages and counts outlive every reload that leaves the backend alone.
 */
import type { Agent } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { BreakerState } from '@lb/shared/metrics/catalog';
import { canEject } from '@lb/shared/model/rotation';
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import {
  type BackendSnapshot,
  type BackendState,
  type PoolSnapshot,
  takesNewTraffic,
} from '@lb/shared/model/snapshot';
import { slowStartShare } from '@lb/shared/model/slow-start';
import type { ClientContexts } from '@lb/shared/net/client-tls';
import type { Clock } from '@lb/shared/time/clock';
import { BackendAgent } from '../forward/backend-agent.ts';
import { BackendTls } from '../forward/backend-tls.ts';
import { ConnectionPool } from '../forward/native/connection-pool.ts';
import type { OutcomeReport } from '../health/outcome-report.ts';
import { Outcomes } from '../health/outcomes.ts';
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
  /** Takes what the primary is told of tries. */
  readonly outcomes: OutcomeReport;
  /** A backend gave so many errors in a row that it should be out. */
  readonly onOutlier: (backend: Backend) => void;
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
  /** Set by the slow start of its pool. */
  share = 1;
  /** Set by its pool, in a panic: its sessions stay whatever its health. */
  isHealthIgnored = false;
  readonly #isTls: boolean;
  readonly #latency: LatencyAverage;
  readonly #tools: BackendTools;
  #target: BackendTarget;
  #agent: BackendAgent;
  #connectionPool: ConnectionPool;
  #connections: PoolSnapshot['connections'];
  #tls: PoolSnapshot['tls'];
  #passiveHealth: PoolSnapshot['passiveHealth'];
  /** Undefined where nothing can eject it. */
  #outcomes: Outcomes | undefined;
  #weight: number;
  #backup: boolean;
  #state: BackendState;
  #slowStartMs: number;
  /** On this process's clock; undefined when it never was in slow start. */
  #slowStartedAtMs: number | undefined;
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
    this.#passiveHealth = pool.passiveHealth;
    this.#outcomes = this.#newOutcomes();
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.#state = snapshot.state;
    this.#slowStartMs = pool.slowStart;
    this.setSlowStart(snapshot.slowStartMs);
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

  /** Neither its health, nor real traffic, nor an operator speaks against all traffic. */
  get isHealthy(): boolean {
    return this.#state !== 'down' && this.#state !== 'ejected' && this.#state !== 'maintenance';
  }

  /** Whether it may get requests that belong to it already, such as those of its sessions: weights are for new ones. */
  get isServing(): boolean {
    return this.isHealthy || (this.isHealthIgnored && this.#state !== 'maintenance');
  }

  /** How often it stopped serving, as far as this worker knows: what was remembered of it before is out of date. */
  get outages(): number {
    return this.#outages;
  }

  setState(state: BackendState): void {
    const wasHealthy = this.isHealthy;
    if (this.#state === 'ejected' && state !== 'ejected') this.#outcomes?.forget();
    this.#state = state;
    if (wasHealthy && !this.isHealthy) this.#outages++;
  }

  setBreaker(state: BreakerState): void {
    this.#limits?.gate?.set(state);
  }

  setWeight(weight: number): void {
    this.#weight = weight;
  }

  /** @param elapsedMs how long it has been in slow start; undefined when it is in none */
  setSlowStart(elapsedMs: number | undefined): void {
    this.#slowStartedAtMs =
      elapsedMs === undefined ? undefined : this.#tools.clock.monotonicMs() - elapsedMs;
  }

  /** The share that its slow start allows at this time, on the monotonic clock. */
  shareAt(nowMs: number): number {
    const startedAtMs = this.#slowStartedAtMs;
    return startedAtMs === undefined ? 1 : slowStartShare(nowMs - startedAtMs, this.#slowStartMs);
  }

  setInFlightElsewhere(count: number): void {
    this.#inFlightElsewhere = count;
  }

  /** Takes over what a new snapshot says of the same backend. */
  apply(snapshot: BackendSnapshot, pool: PoolSnapshot): void {
    this.#weight = snapshot.weight;
    this.#backup = snapshot.backup;
    this.setState(snapshot.state);
    this.#slowStartMs = pool.slowStart;
    this.setSlowStart(snapshot.slowStartMs);
    if (!isDeepStrictEqual(pool.passiveHealth, this.#passiveHealth)) {
      this.#passiveHealth = pool.passiveHealth;
      this.#outcomes = this.#newOutcomes();
    }
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
    this.#outcomes?.answered(status, ms);
  }

  /** An answer of this status is complete. */
  completed(status: number): void {
    this.#outcomes?.completed(status);
  }

  /**
   * A try ended without an answer, for which the backend is to blame.
   * @param isStale it closed an idle connection just when it was used again, which is nobody's fault
   */
  failed(code: FailureCode, isStale = false): void {
    if (!isStale) this.#limits?.failed();
    this.metrics.failed(code);
    if (!isStale) this.#outcomes?.failed(code);
  }

  /** The body of an answer of this status broke off. */
  cut(code: FailureCode, status: number): void {
    this.#limits?.cut();
    this.metrics.cut(code);
    this.#outcomes?.cut(status, code);
  }

  /** Idle connections are closed; those in use close with their request. */
  close(): void {
    this.#agent.retire();
    this.#connectionPool.retire();
  }

  #newOutcomes(): Outcomes | undefined {
    if (!canEject(this.#passiveHealth)) return undefined;
    const { outcomes, onOutlier } = this.#tools;
    return new Outcomes({
      slot: this.slot,
      settings: this.#passiveHealth,
      report: outcomes,
      onOutlier: () => onOutlier(this),
    });
  }

  #withTls(target: BackendTarget): BackendTarget {
    if (!this.#isTls) return target;
    return { ...target, tls: new BackendTls(this.#tls, target.host, this.#tools.contexts) };
  }

  #newConnections(): ConnectionPool {
    return new ConnectionPool(this.#connections, this.#target, this.metrics, this.#tools.clock);
  }
}
