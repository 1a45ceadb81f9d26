/** Which series a configuration implies: they exist at zero before anything happens, so that rates have a beginning. */
import {
  BREAKER_STATES,
  CACHE_RESULTS,
  COMPRESS_RESULTS,
  EJECTION_REASONS,
  MIRROR_RESULTS,
  PERSIST_OUTCOMES,
  NO_ROUTE,
  QUEUE_REJECTIONS,
  RETRY_REASONS,
  RETRY_REFUSALS,
  STICKY_RESULTS,
  TRACE_RESULTS,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import type { PoolSnapshot, Snapshot } from '@lb/shared/model/snapshot';
import { ANSWER_OPERATIONS } from '@lb/shared/store/answers';
import { STORE_OPERATIONS } from '@lb/shared/store/store';

/** A series that must be there. */
export interface ImpliedSeries {
  readonly metric: MetricName;
  readonly labels: readonly string[];
}

/** Values of the label `state` of lb_backend_state. */
export const BACKEND_STATES: readonly string[] = [
  'up',
  'down',
  'draining',
  'maintenance',
  'ejected',
  'unresolved',
];

/** Values of the label `type` of lb_events_total. */
const EVENT_TYPES: readonly string[] = [
  'health_change',
  'ejection',
  'ejection_suppressed',
  'panic',
  'reload',
  'reload_failed',
  'reload_kept',
  'reload_reverted',
  'worker_exit',
  'worker_crash_loop',
  'rolling_restart',
  'rolling_restart_failed',
  'drain',
  'store',
  'override',
  'breaker',
  'drain_empty',
  'slow_start',
  'admin_action',
  'overload',
  'persist',
];

const LIMIT_RESULTS = ['allow', 'deny', 'shadow_deny', 'degraded'];
const ERROR_REASONS = ['connect', 'tls', 'timeout', 'reset', 'protocol', 'status'];
const WORKER_STATES = ['starting', 'running', 'draining'];
const ADMIN_ACTIONS = [
  'login',
  'reload',
  'stop',
  'drain',
  'disable',
  'enable',
  'weight',
  'overrides_clear',
  'cache_purge',
];

type Implied = Generator<ImpliedSeries, void, undefined>;

/** Every series there must be for this snapshot. */
export function* impliedSeries({ config, pools }: Pick<Snapshot, 'config' | 'pools'>): Implied {
  const routes = [...config.routes.map((route) => route.name), NO_ROUTE];
  yield* instanceSeries();
  if (config.metrics.persist !== null) yield* persistSeries();
  for (const { name } of config.listeners) yield* listenerSeries(name, routes);
  for (const route of routes) yield* routeSeries(route);
  for (const { name, mirror, compress } of config.routes) {
    if (mirror !== null) yield* mirrorSeries(name);
    if (compress !== null) yield* compressSeries(name);
  }
  if (config.tracing !== null) {
    for (const result of TRACE_RESULTS) yield { metric: 'lb_trace_spans_total', labels: [result] };
  }
  for (const limit of Object.keys(config.rateLimits)) {
    for (const result of LIMIT_RESULTS)
      yield { metric: 'lb_ratelimit_decisions_total', labels: [limit, result] };
  }
  for (const cache of Object.keys(config.caches)) {
    for (const result of CACHE_RESULTS)
      yield { metric: 'lb_cache_requests_total', labels: [cache, result] };
    yield { metric: 'lb_cache_bytes', labels: [cache] };
    yield { metric: 'lb_cache_evictions_total', labels: [cache] };
  }
  for (const pool of pools) {
    yield* poolSeries(pool);
    for (const backend of pool.backends) {
      yield* backendSeries([pool.name, backend.name]);
      if (pool.circuitBreaker !== null) yield* breakerSeries([pool.name, backend.name]);
    }
  }
}

function* instanceSeries(): Implied {
  for (const result of ['success', 'failure', 'reverted'])
    yield { metric: 'lb_config_reloads_total', labels: [result] };
  for (const state of WORKER_STATES) yield { metric: 'lb_workers', labels: [state] };
  for (const type of EVENT_TYPES) yield { metric: 'lb_events_total', labels: [type] };
  for (const action of ADMIN_ACTIONS)
    for (const result of ['ok', 'refused'])
      yield { metric: 'lb_admin_actions_total', labels: [action, result] };
  yield { metric: 'lb_config_last_reload_successful', labels: [] };
  yield { metric: 'lb_config_last_reload_success_timestamp_seconds', labels: [] };
  yield { metric: 'lb_store_up', labels: [] };
  for (const op of [...STORE_OPERATIONS, ...ANSWER_OPERATIONS]) {
    yield { metric: 'lb_store_command_seconds', labels: [op] };
    yield { metric: 'lb_store_errors_total', labels: [op] };
  }
  yield { metric: 'lb_worker_restarts_total', labels: [] };
  yield { metric: 'lb_access_log_dropped_total', labels: [] };
}

function* persistSeries(): Implied {
  yield { metric: 'lb_persist_up', labels: [] };
  yield { metric: 'lb_persist_queue_samples', labels: [] };
  for (const outcome of PERSIST_OUTCOMES)
    yield { metric: 'lb_persist_samples_total', labels: [outcome] };
}

function* listenerSeries(listener: string, routes: readonly string[]): Implied {
  yield { metric: 'lb_listener_connections', labels: [listener] };
  yield { metric: 'lb_listener_connections_total', labels: [listener] };
  for (const reason of ['limit', 'descriptors'])
    yield { metric: 'lb_listener_connections_rejected_total', labels: [listener, reason] };
  yield { metric: 'lb_http_requests_in_flight', labels: [listener] };
  for (const route of routes)
    yield { metric: 'lb_http_requests_total', labels: [listener, route, 'GET', '200'] };
}

function* routeSeries(route: string): Implied {
  yield { metric: 'lb_http_request_duration_seconds', labels: [route] };
  yield { metric: 'lb_http_request_bytes_total', labels: [route] };
  yield { metric: 'lb_http_response_bytes_total', labels: [route] };
  yield { metric: 'lb_proxy_overhead_seconds', labels: [route] };
  yield { metric: 'lb_tunnels', labels: [route] };
  for (const direction of ['in', 'out'])
    yield { metric: 'lb_tunnel_bytes_total', labels: [route, direction] };
}

function* mirrorSeries(route: string): Implied {
  for (const result of MIRROR_RESULTS)
    yield { metric: 'lb_mirror_requests_total', labels: [route, result] };
}

function* compressSeries(route: string): Implied {
  for (const result of COMPRESS_RESULTS)
    yield { metric: 'lb_compress_answers_total', labels: [route, result] };
  for (const direction of ['in', 'out'])
    yield { metric: 'lb_compress_bytes_total', labels: [route, direction] };
}

function* poolSeries({ name: pool, sticky }: PoolSnapshot): Implied {
  yield { metric: 'lb_pool_backends', labels: [pool] };
  yield { metric: 'lb_pool_available_backends', labels: [pool] };
  yield { metric: 'lb_pool_panic', labels: [pool] };
  yield { metric: 'lb_health_check_seconds', labels: [pool] };
  for (const reason of RETRY_REASONS) yield { metric: 'lb_retries_total', labels: [pool, reason] };
  for (const reason of RETRY_REFUSALS)
    yield { metric: 'lb_retries_refused_total', labels: [pool, reason] };
  yield { metric: 'lb_pool_queue_length', labels: [pool] };
  for (const reason of QUEUE_REJECTIONS)
    yield { metric: 'lb_pool_queue_rejected_total', labels: [pool, reason] };
  if (sticky === null) return;
  for (const result of STICKY_RESULTS) yield { metric: 'lb_sticky_total', labels: [pool, result] };
}

function* backendSeries(labels: readonly [pool: string, backend: string]): Implied {
  yield { metric: 'lb_backend_up', labels };
  for (const state of BACKEND_STATES)
    yield { metric: 'lb_backend_state', labels: [...labels, state] };
  yield { metric: 'lb_backend_weight', labels };
  yield { metric: 'lb_backend_effective_weight', labels };
  yield { metric: 'lb_backend_requests_total', labels: [...labels, '200'] };
  yield { metric: 'lb_backend_response_seconds', labels };
  yield { metric: 'lb_backend_connect_seconds', labels };
  yield { metric: 'lb_backend_in_flight', labels };
  yield { metric: 'lb_backend_connections', labels };
  for (const reason of ERROR_REASONS)
    yield { metric: 'lb_backend_errors_total', labels: [...labels, reason] };
  for (const result of ['ok', 'fail'])
    yield { metric: 'lb_health_checks_total', labels: [...labels, result] };
  for (const to of ['up', 'down'])
    yield { metric: 'lb_health_transitions_total', labels: [...labels, to] };
  for (const reason of EJECTION_REASONS) {
    yield { metric: 'lb_ejections_total', labels: [...labels, reason] };
    yield { metric: 'lb_ejections_suppressed_total', labels: [...labels, reason] };
  }
}

function* breakerSeries(labels: readonly [pool: string, backend: string]): Implied {
  for (const state of BREAKER_STATES) {
    yield { metric: 'lb_breaker_state', labels: [...labels, state] };
    yield { metric: 'lb_breaker_transitions_total', labels: [...labels, state] };
  }
}

/** Tells, from the names and values of its labels, whether a series describes something that the snapshot has. */
export function isImplied({
  config,
  pools,
}: Pick<Snapshot, 'config' | 'pools'>): (
  names: readonly string[],
  values: readonly string[],
) => boolean {
  const listeners = new Set(config.listeners.map(({ name }) => name));
  const routes = new Set([...config.routes.map(({ name }) => name), NO_ROUTE]);
  const limits = new Set(Object.keys(config.rateLimits));
  const caches = new Set(Object.keys(config.caches));
  const backends = new Map(
    pools.map((pool) => [pool.name, new Set(pool.backends.map(({ name }) => name))]),
  );
  return (names, values) => {
    const value = (name: string): string | undefined => values[names.indexOf(name)];
    const [listener, route, pool, backend] = ['listener', 'route', 'pool', 'backend'].map(value);
    const limit = value('limit');
    if (limit !== undefined && !limits.has(limit)) return false;
    const cache = value('cache');
    if (cache !== undefined && !caches.has(cache)) return false;
    if (listener !== undefined && !listeners.has(listener)) return false;
    if (route !== undefined && !routes.has(route)) return false;
    if (pool === undefined) return true;
    const known = backends.get(pool);
    return known !== undefined && (backend === undefined || known.has(backend));
  };
}
