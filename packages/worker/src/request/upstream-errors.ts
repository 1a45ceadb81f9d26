/** What a client is told when no backend answered. The one place where a failed try becomes a response. */
import { FAILURES, type FailureCode, reasonOf } from '@lb/shared/errors/reasons';
import { type Reply, errorReply } from './reply.ts';

/** Seconds that a client should wait when nothing can take its request; about one probe's interval. */
const RETRY_AFTER_SECONDS = '5';

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

/** 503: no backend of the pool may get traffic. */
export function noBackendReply(): Reply {
  return errorReply('no_backend', 'no backend is available', [
    'Retry-After',
    RETRY_AFTER_SECONDS,
    'Proxy-Status',
    'lb; error=destination_unavailable; details="no_backend"',
  ]);
}
