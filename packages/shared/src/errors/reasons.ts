/**
 * Why a request was answered by the balancer itself, or cut: one table for access log, Proxy-Status and metrics.
 * Branch on the code, never on a text.
 */

/** The failures of one try on a backend; `lb_backend_errors_total` counts them by `metric`. */
export const FAILURES = {
  connect_failed: { status: 502, metric: 'connect', proxyStatus: 'connection_refused' },
  connect_timeout: { status: 502, metric: 'connect', proxyStatus: 'connection_timeout' },
  tls_failed: { status: 502, metric: 'tls', proxyStatus: 'tls_protocol_error' },
  tls_certificate: { status: 502, metric: 'tls', proxyStatus: 'tls_certificate_error' },
  tls_alert: { status: 502, metric: 'tls', proxyStatus: 'tls_alert_received' },
  reset: { status: 502, metric: 'reset', proxyStatus: 'connection_terminated' },
  protocol_error: { status: 502, metric: 'protocol', proxyStatus: 'http_protocol_error' },
  response_timeout: { status: 504, metric: 'timeout', proxyStatus: 'http_response_timeout' },
} as const;

/** How a try can fail. */
export type FailureCode = keyof typeof FAILURES;

/** Every reason that can stand in the access log, with the status it is answered with. */
export const REASONS = {
  bad_request: 400,
  access_denied: 403,
  no_route: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  expectation_failed: 417,
  rate_limited: 429,
  headers_too_large: 431,
  client_closed: 499,
  internal_error: 500,
  connect_failed: 502,
  reset: 502,
  tls_failed: 502,
  protocol_error: 502,
  no_backend: 503,
  queue_full: 503,
  queue_timeout: 503,
  breaker_open: 503,
  overload: 503,
  response_timeout: 504,
  not_stored: 504,
  loop_detected: 508,
} as const;

/** A reason in the access log. */
export type Reason = keyof typeof REASONS;

/** Finer words for metrics, retries and Proxy-Status; people read the reason. */
export function reasonOf(failure: FailureCode | Reason): Reason {
  switch (failure) {
    case 'connect_timeout':
      return 'connect_failed';
    case 'tls_certificate':
    case 'tls_alert':
      return 'tls_failed';
    default:
      return failure;
  }
}
