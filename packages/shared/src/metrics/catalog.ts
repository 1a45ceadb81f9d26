/**
 * Every metric the product exposes: name, type, help, labels. Workers count in cells and the primary exposes them by this
 * one table, so a name that is not here cannot be counted. docs/metrics.md is generated from it.
 */
import { ENCODINGS } from '../model/encoding.ts';

/** Upper bounds of every duration histogram, in seconds; +Inf follows. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** Cells a histogram takes: one a bucket, +Inf, and the sum. */
export const HISTOGRAM_CELLS: number = DURATION_BUCKETS_SECONDS.length + 2;

/** One metric. `source` says which process counts it. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly source: 'worker' | 'primary';
}

const counter = (
  source: 'worker' | 'primary',
  help: string,
  ...labels: string[]
): MetricDefinition => ({ type: 'counter', help, labels, source });
const gauge = (
  source: 'worker' | 'primary',
  help: string,
  ...labels: string[]
): MetricDefinition => ({ type: 'gauge', help, labels, source });
const histogram = (
  source: 'worker' | 'primary',
  help: string,
  ...labels: string[]
): MetricDefinition => ({ type: 'histogram', help, labels, source });

/** The catalog, in the order of exposition. */
export const METRICS = {
  lb_build_info: gauge('primary', 'Always 1; the version of lbctl and of Node.', 'version', 'node'),
  lb_start_time_seconds: gauge(
    'primary',
    'When the primary started, in seconds since 1970.',
    'version',
    'node',
  ),
  lb_listener_connections: gauge('worker', 'Open client connections.', 'listener'),
  lb_listener_connections_total: counter('worker', 'Client connections accepted.', 'listener'),
  lb_listener_connections_rejected_total: counter(
    'worker',
    'Client connections closed at once.',
    'listener',
    'reason',
  ),
  lb_http_requests_total: counter(
    'worker',
    'Requests answered.',
    'listener',
    'route',
    'method',
    'code',
  ),
  lb_http_request_duration_seconds: histogram(
    'worker',
    'From the head of the request to the end of the answer.',
    'route',
  ),
  lb_http_requests_in_flight: gauge('worker', 'Requests being answered.', 'listener'),
  lb_http_request_bytes_total: counter('worker', 'Bytes of request bodies.', 'route'),
  lb_http_response_bytes_total: counter('worker', 'Bytes of response bodies.', 'route'),
  lb_proxy_overhead_seconds: histogram(
    'worker',
    'Time of a request that was not spent waiting for a backend.',
    'route',
  ),
  lb_tunnels: gauge('worker', 'Open tunnels (WebSocket and other upgrades).', 'route'),
  lb_tunnel_bytes_total: counter('worker', 'Bytes through tunnels.', 'route', 'direction'),
  lb_backend_requests_total: counter(
    'worker',
    'Tries a backend answered.',
    'pool',
    'backend',
    'code',
  ),
  lb_backend_response_seconds: histogram(
    'worker',
    'From the try to the head of its answer.',
    'pool',
    'backend',
  ),
  lb_backend_connect_seconds: histogram('worker', 'Time to a new connection.', 'pool', 'backend'),
  lb_backend_up: gauge('primary', '1 when the backend may get traffic.', 'pool', 'backend'),
  lb_backend_state: gauge(
    'primary',
    '1 for the state the backend is in.',
    'pool',
    'backend',
    'state',
  ),
  lb_backend_weight: gauge('primary', 'Configured weight.', 'pool', 'backend'),
  lb_backend_effective_weight: gauge('primary', 'Weight in use now.', 'pool', 'backend'),
  lb_backend_in_flight: gauge('worker', 'Tries waiting for the backend.', 'pool', 'backend'),
  lb_backend_connections: gauge('worker', 'Open connections to the backend.', 'pool', 'backend'),
  lb_backend_errors_total: counter('worker', 'Tries that failed.', 'pool', 'backend', 'reason'),
  lb_pool_backends: gauge('primary', 'Backends of the pool.', 'pool'),
  lb_pool_available_backends: gauge('primary', 'Backends that may get traffic.', 'pool'),
  lb_pool_panic: gauge(
    'primary',
    '1 while so few backends are available that health is ignored.',
    'pool',
  ),
  lb_pool_queue_length: gauge('worker', 'Requests that wait for a backend with room.', 'pool'),
  lb_pool_queue_rejected_total: counter(
    'worker',
    'Requests refused because the queue was full, or they waited too long.',
    'pool',
    'reason',
  ),
  lb_breaker_state: gauge(
    'primary',
    '1 for the state the circuit breaker is in.',
    'pool',
    'backend',
    'state',
  ),
  lb_breaker_transitions_total: counter(
    'primary',
    'Changes of circuit breakers, by the state they came to.',
    'pool',
    'backend',
    'state',
  ),
  lb_health_checks_total: counter('primary', 'Probes.', 'pool', 'backend', 'result'),
  lb_health_check_seconds: histogram('primary', 'Duration of probes.', 'pool'),
  lb_health_transitions_total: counter('primary', 'Changes of state.', 'pool', 'backend', 'to'),
  lb_ejections_total: counter(
    'primary',
    'Backends taken out by what real traffic said of them.',
    'pool',
    'backend',
    'reason',
  ),
  lb_ejections_suppressed_total: counter(
    'primary',
    'Ejections that did not happen: too many backends were ejected, or it was the last one.',
    'pool',
    'backend',
    'reason',
  ),
  lb_retries_total: counter(
    'worker',
    'Tries after one that failed, or, as a hedge, beside one that is slow.',
    'pool',
    'reason',
  ),
  lb_retries_refused_total: counter(
    'worker',
    'Failed tries that were not tried again, and hedges that the budget did not allow.',
    'pool',
    'reason',
  ),
  lb_mirror_requests_total: counter(
    'worker',
    'Copies of requests by what became of them: answered, failed, or not sent, and why.',
    'route',
    'result',
  ),
  lb_compress_answers_total: counter(
    'worker',
    'Answers compressed, by encoding; busy: sent as they were, because too many were being compressed.',
    'route',
    'result',
  ),
  lb_compress_bytes_total: counter(
    'worker',
    'Bytes of bodies that were compressed: in, as the backend sent them; out, as clients get them.',
    'route',
    'direction',
  ),
  lb_ratelimit_decisions_total: counter(
    'worker',
    'Requests by what a rate limit said; those that were decided without the store count as degraded too.',
    'limit',
    'result',
  ),
  lb_cache_requests_total: counter(
    'worker',
    'Requests on routes with a cache, by where their answer came from; bypass: neither kept nor looked for.',
    'cache',
    'result',
  ),
  lb_cache_bytes: gauge('worker', 'Memory that kept answers take.', 'cache'),
  lb_cache_evictions_total: counter('worker', 'Kept answers that went to make room.', 'cache'),
  lb_store_up: gauge('primary', '1 while the primary and all workers reach the store.'),
  lb_store_command_seconds: histogram('worker', 'Duration of operations of the store.', 'op'),
  lb_store_errors_total: counter(
    'worker',
    'Operations of the store that failed, those that were not sent while it was away included.',
    'op',
  ),
  lb_sticky_total: counter(
    'worker',
    'Answered requests of sticky sessions: the session had its backend, is new, or moved to another.',
    'pool',
    'result',
  ),
  lb_config_reloads_total: counter('primary', 'Reloads.', 'result'),
  lb_config_last_reload_successful: gauge('primary', '1 when the last reload was applied.'),
  lb_config_last_reload_success_timestamp_seconds: gauge(
    'primary',
    'When a configuration was last applied, in seconds since 1970.',
  ),
  lb_workers: gauge('primary', 'Worker processes.', 'state'),
  lb_worker_restarts_total: counter('primary', 'Workers replaced after they died.'),
  lb_worker_event_loop_delay_seconds: gauge(
    'worker',
    'Event-loop delay over the last seconds; exposed as a summary, since it has quantiles.',
    'worker',
    'quantile',
  ),
  lb_worker_rss_bytes: gauge('worker', 'Resident memory.', 'worker'),
  lb_access_log_dropped_total: counter(
    'worker',
    'Access log lines dropped because the log could not keep up.',
  ),
  lb_trace_spans_total: counter(
    'worker',
    'Spans of traces: exported to the collector, or dropped, because it did not take them.',
    'result',
  ),
  lb_persist_up: gauge('primary', '1 while the database of metrics.persist takes samples.'),
  lb_persist_queue_samples: gauge('primary', 'Samples that wait for the database.'),
  lb_persist_samples_total: counter(
    'primary',
    'Samples by what became of them: written, rejected by the database, or dropped because too many waited.',
    'outcome',
  ),
  lb_events_total: counter('primary', 'Events.', 'type'),
  lb_admin_actions_total: counter(
    'primary',
    'Changes asked for over the admin API.',
    'action',
    'result',
  ),
} as const satisfies Record<string, MetricDefinition>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** Reasons of lb_ejections_total and lb_ejections_suppressed_total. */
export const EJECTION_REASONS = ['consecutive_errors', 'error_rate', 'latency'] as const;

/** Why a backend is ejected. */
export type EjectionReason = (typeof EJECTION_REASONS)[number];

/** Reasons of lb_retries_total. */
export const RETRY_REASONS = [
  'connect',
  'reset',
  'stale',
  'timeout',
  '502',
  '503',
  '504',
  '429',
  'hedge',
] as const;

/** Why there is another try. */
export type RetryReason = (typeof RETRY_REASONS)[number];

/** Reasons of lb_retries_refused_total. */
export const RETRY_REFUSALS = [
  'method',
  'body',
  'attempts',
  'no_backend',
  'kind',
  'budget',
] as const;

/** Why there is none. */
export type RetryRefusal = (typeof RETRY_REFUSALS)[number];

/** Reasons of lb_pool_queue_rejected_total. */
export const QUEUE_REJECTIONS = ['queue_full', 'queue_timeout'] as const;

/** Why the queue of a pool refused a request. */
export type QueueRejection = (typeof QUEUE_REJECTIONS)[number];

/** States of lb_breaker_state. */
export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const;

/** `closed` passes, `open` blocks, `half_open` lets some tries through to find out. */
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Results of lb_sticky_total. */
export const STICKY_RESULTS = ['hit', 'new', 'rebound'] as const;

/** How a request of a session came to its backend. */
export type StickyResult = (typeof STICKY_RESULTS)[number];

/** Results of lb_compress_answers_total: the encoding, or that too many were being compressed. */
export const COMPRESS_RESULTS = [...ENCODINGS, 'busy'] as const;

/** What became of an answer that could be compressed and was wanted so. */
export type CompressResult = (typeof COMPRESS_RESULTS)[number];

/**
 * Results of lb_mirror_requests_total. Not sent: no backend could take it, too many were in flight, the body was larger than the
 * pool keeps, or never came to its end.
 */
export const MIRROR_RESULTS = [
  'answered',
  'failed',
  'no_backend',
  'busy',
  'too_large',
  'incomplete',
] as const;

/** What became of a copy of a request. */
export type MirrorResult = (typeof MIRROR_RESULTS)[number];

/** Results of lb_trace_spans_total. */
export const TRACE_RESULTS = ['exported', 'dropped'] as const;

/** What became of a span. */
export type TraceResult = (typeof TRACE_RESULTS)[number];

/** Results of lb_cache_requests_total. */
export const CACHE_RESULTS = [
  'hit',
  'miss',
  'stale',
  'revalidated',
  'bypass',
  'collapsed',
] as const;

/** Where the answer to a request came from. `collapsed`: from the request of another client. */
export type CacheResult = (typeof CACHE_RESULTS)[number];

/** Outcomes of lb_persist_samples_total. */
export const PERSIST_OUTCOMES = ['written', 'rejected', 'dropped'] as const;

/** What became of a sample. */
export type PersistOutcome = (typeof PERSIST_OUTCOMES)[number];

/** Methods that keep their name in labels; any other is `other`. */
export const METHOD_LABELS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
];

/** The label `route` of requests that matched none. */
export const NO_ROUTE = 'none';
