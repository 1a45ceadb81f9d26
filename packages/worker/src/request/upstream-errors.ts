/** What a client is told when no backend answered. The one place where a failed try becomes a response. */
import { FAILURES, type FailureCode, reasonOf } from '@lb/shared/errors/reasons';
import type { Pool } from '../balancing/pool.ts';
import { type Reply, errorReply } from './reply.ts';

const SENTENCES: Readonly<Record<FailureCode, string>> = {
  connect_failed: 'the backend could not be reached',
  connect_timeout: 'the backend could not be reached in time',
  tls_failed: 'no TLS connection to the backend could be made',
  tls_certificate: 'the certificate of the backend could not be verified',
  tls_alert: 'the backend refused the TLS connection',
  reset: 'the backend closed the connection without an answer',
  protocol_error: 'the backend gave a malformed answer',
  response_timeout: 'the backend gave no answer in time',
};

/** 502 or 504 with its Proxy-Status. @see RFC 9209 section 2.3 */
export function failureReply(code: FailureCode): Reply {
  const { proxyStatus } = FAILURES[code];
  const reason = reasonOf(code);
  return errorReply(reason, SENTENCES[code], [
    'Proxy-Status',
    `lb; error=${proxyStatus}; details="${reason}"`,
  ]);
}

/** Why a request came to no backend. */
export type NoBackendReason = 'no_backend' | 'queue_full' | 'queue_timeout' | 'breaker_open';

/** What is said of each, with its error. @see RFC 9209 section 2.3 */
const NO_BACKEND = {
  no_backend: ['no backend is available', 'destination_unavailable'],
  queue_full: ['every backend is busy and too many requests wait', 'connection_limit_reached'],
  queue_timeout: ['every backend was busy for too long', 'connection_limit_reached'],
  breaker_open: ['no backend is available: they fail too often', 'destination_unavailable'],
} as const;

/** 503: no backend of the pool may get the request. */
export function noBackendReply(reason: NoBackendReason, pool: Pool): Reply {
  const [sentence, error] = NO_BACKEND[reason];
  return errorReply(reason, sentence, [
    'Retry-After',
    String(retryAfterSeconds(reason, pool)),
    'Proxy-Status',
    `lb; error=${error}; details="${reason}"`,
  ]);
}

/** When another try may be worth it: about one probe's interval, when the breaker lets some through, or as soon as it may be. */
function retryAfterSeconds(reason: NoBackendReason, { config }: Pool): number {
  switch (reason) {
    case 'no_backend':
      return 5;
    case 'breaker_open':
      return Math.ceil((config.circuitBreaker?.openFor ?? 0) / 1_000);
    case 'queue_full':
    case 'queue_timeout':
      return 1;
  }
}
