/** The series of listeners, routes and backends, found once and then counted by number. */
import {
  METHOD_LABELS,
  NO_ROUTE,
  type MetricName,
  type QueueRejection,
  type RetryReason,
  type RetryRefusal,
  type StickyResult,
} from '@lb/shared/metrics/catalog';
import { FAILURES, type FailureCode } from '@lb/shared/errors/reasons';
import type { Cell, Cells } from './cells.ts';
import type { TrafficNumber } from './traffic-counts.ts';

/** Counts by (method, code) without a label lookup: one small map per listener and route. */
class RequestsByCode {
  readonly #cells: Cells;
  readonly #listener: string;
  readonly #route: string;
  readonly #byKey = new Map<number, Cell>();

  constructor(cells: Cells, listener: string, route: string) {
    this.#cells = cells;
    this.#listener = listener;
    this.#route = route;
  }

  count(method: string, status: number): void {
    const place = METHOD_LABELS.indexOf(method);
    const code = Math.min(599, Math.max(100, status));
    const key = (place + 1) * 1000 + code;
    let cell = this.#byKey.get(key);
    if (cell === undefined) {
      const label = place < 0 ? 'other' : method;
      cell = this.#cells.series(
        'lb_http_requests_total',
        this.#listener,
        this.#route,
        label,
        String(code),
      );
      this.#byKey.set(key, cell);
    }
    this.#cells.add(cell, 1);
  }
}

/** What a route counts. */
export class RouteMetrics {
  readonly route: string;
  readonly tunnels: Cell;
  readonly tunnelBytesIn: Cell;
  readonly tunnelBytesOut: Cell;
  readonly #cells: Cells;
  readonly #byListener = new Map<string, RequestsByCode>();
  readonly #duration: Cell;
  readonly #overhead: Cell;
  readonly #requestBytes: Cell;
  readonly #responseBytes: Cell;
  readonly #traffic: TrafficNumber;

  constructor(cells: Cells, route: string = NO_ROUTE) {
    this.#cells = cells;
    this.route = route;
    this.tunnels = cells.series('lb_tunnels', route);
    this.tunnelBytesIn = cells.series('lb_tunnel_bytes_total', route, 'in');
    this.tunnelBytesOut = cells.series('lb_tunnel_bytes_total', route, 'out');
    this.#duration = cells.series('lb_http_request_duration_seconds', route);
    this.#overhead = cells.series('lb_proxy_overhead_seconds', route);
    this.#requestBytes = cells.series('lb_http_request_bytes_total', route);
    this.#responseBytes = cells.series('lb_http_response_bytes_total', route);
    this.#traffic = cells.traffic.series({ route });
  }

  /** One request is over. `upstreamMs` is the part of `totalMs` spent waiting for backends. */
  finished(request: {
    readonly listener: string;
    readonly method: string;
    readonly status: number;
    readonly totalMs: number;
    readonly upstreamMs: number;
    readonly requestBytes: number;
    readonly responseBytes: number;
  }): void {
    let requests = this.#byListener.get(request.listener);
    if (requests === undefined) {
      requests = new RequestsByCode(this.#cells, request.listener, this.route);
      this.#byListener.set(request.listener, requests);
    }
    requests.count(request.method, request.status);
    this.#cells.traffic.answered(this.#traffic, request.totalMs, request.status >= 500);
    this.#cells.observe(this.#duration, request.totalMs);
    this.#cells.observe(this.#overhead, Math.max(0, request.totalMs - request.upstreamMs));
    if (request.requestBytes > 0) this.#cells.add(this.#requestBytes, request.requestBytes);
    if (request.responseBytes > 0) this.#cells.add(this.#responseBytes, request.responseBytes);
  }
}

/** What a listener counts. */
export class ListenerMetrics {
  readonly connections: Cell;
  readonly accepted: Cell;
  readonly rejectedByLimit: Cell;
  readonly rejectedForDescriptors: Cell;
  readonly inFlight: Cell;

  constructor(cells: Cells, listener: string) {
    this.connections = cells.series('lb_listener_connections', listener);
    this.accepted = cells.series('lb_listener_connections_total', listener);
    const rejected = (reason: string): Cell =>
      cells.series('lb_listener_connections_rejected_total', listener, reason);
    this.rejectedByLimit = rejected('limit');
    this.rejectedForDescriptors = rejected('descriptors');
    this.inFlight = cells.series('lb_http_requests_in_flight', listener);
  }
}

/** What a backend counts. */
export class BackendMetrics {
  readonly #cells: Cells;
  readonly #labels: readonly [pool: string, backend: string];
  readonly #codes = new Map<number, Cell>();
  readonly #errors = new Map<string, Cell>();
  readonly #response: Cell;
  readonly #connect: Cell;
  readonly #inFlight: Cell;
  readonly #connections: Cell;
  readonly #traffic: TrafficNumber;

  constructor(cells: Cells, pool: string, backend: string) {
    this.#cells = cells;
    this.#labels = [pool, backend];
    this.#response = cells.series('lb_backend_response_seconds', pool, backend);
    this.#connect = cells.series('lb_backend_connect_seconds', pool, backend);
    this.#inFlight = cells.series('lb_backend_in_flight', pool, backend);
    this.#connections = cells.series('lb_backend_connections', pool, backend);
    this.#traffic = cells.traffic.series({ pool, backend });
  }

  answered(status: number, ms: number): void {
    this.#cells.add(
      this.#cell('lb_backend_requests_total', this.#codes, status, String(status)),
      1,
    );
    this.#cells.observe(this.#response, ms);
    this.#cells.traffic.answered(this.#traffic, ms, status >= 500);
    if (status >= 500) this.#countError('status');
  }

  failed(code: FailureCode): void {
    this.#countError(FAILURES[code].metric);
    this.#cells.traffic.failed(this.#traffic);
  }

  /** The body of an answer that was counted broke off. */
  cut(code: FailureCode): void {
    this.#countError(FAILURES[code].metric);
    this.#cells.traffic.error(this.#traffic);
  }

  connected(ms: number): void {
    this.#cells.observe(this.#connect, ms);
  }

  moveInFlight(by: 1 | -1): void {
    this.#cells.add(this.#inFlight, by);
  }

  moveConnections(by: 1 | -1): void {
    this.#cells.add(this.#connections, by);
  }

  #countError(reason: string): void {
    this.#cells.add(this.#cell('lb_backend_errors_total', this.#errors, reason, reason), 1);
  }

  #cell<K>(metric: MetricName, known: Map<K, Cell>, key: K, label: string): Cell {
    let cell = known.get(key);
    if (cell === undefined) {
      cell = this.#cells.series(metric, ...this.#labels, label);
      known.set(key, cell);
    }
    return cell;
  }
}

/** What a pool counts. */
export class PoolMetrics {
  readonly #cells: Cells;
  readonly #pool: string;
  readonly #sticky = new Map<StickyResult, Cell>();
  readonly #queueLength: Cell;

  constructor(cells: Cells, pool: string) {
    this.#cells = cells;
    this.#pool = pool;
    this.#queueLength = cells.series('lb_pool_queue_length', pool);
  }

  moveQueue(by: 1 | -1): void {
    this.#cells.add(this.#queueLength, by);
  }

  /** A request that waited, or wanted to, was refused. */
  queueRejected(reason: QueueRejection): void {
    this.#cells.add(this.#cells.series('lb_pool_queue_rejected_total', this.#pool, reason), 1);
  }

  /** A try follows one that came to nothing, or is made beside one that is slow. */
  retried(reason: RetryReason): void {
    this.#cells.add(this.#cells.series('lb_retries_total', this.#pool, reason), 1);
  }

  /** A failed try is not tried again, or a slow one not hedged. */
  retryRefused(reason: RetryRefusal): void {
    this.#cells.add(this.#cells.series('lb_retries_refused_total', this.#pool, reason), 1);
  }

  /** A request of a session was answered. */
  sticky(result: StickyResult): void {
    let cell = this.#sticky.get(result);
    if (cell === undefined) {
      cell = this.#cells.series('lb_sticky_total', this.#pool, result);
      this.#sticky.set(result, cell);
    }
    this.#cells.add(cell, 1);
  }
}
