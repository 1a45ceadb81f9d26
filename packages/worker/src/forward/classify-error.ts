/** What a Node error says about a try: in which phase it failed, and whether the backend is to blame. */
import type { FailureCode } from '@lb/shared/errors/reasons';
import { tlsFailureOf } from '@lb/shared/net/tls-failure';

/** This machine ran out of something; another try would fail alike and the backend may be well. */
const LOCAL = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

/** http-proxy-3's own code, and the kernel's. */
const CONNECT_TIMEOUTS = new Set(['ECONNECT_TIMEOUT', 'ETIMEDOUT']);

/** Of a connection that stood, while its handshake was under way. */
const CUT = new Set(['ECONNRESET', 'EPIPE']);

/** `detail` is for the log. @param isConnected whether the connection stood before the error, its TLS included. */
export function classifyError(
  error: Error,
  isConnected: boolean,
): { readonly code: FailureCode; readonly detail: string; readonly isLocal: boolean } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const { message: detail } = error;
  const isLocal = LOCAL.has(code);
  const tls = tlsFailureOf(error);
  // A server of TLS 1.3 refuses a client's certificate after the client is done: no alert comes in the middle of an answer.
  if (tls !== undefined && (!isConnected || tls.code !== 'tls_failed'))
    return { code: tls.code, detail: tls.text, isLocal };
  if (isConnected) {
    // HPE_*: the parser refused the answer; ERR_*: Node refused to write the request or to read on.
    return { code: /^(HPE_|ERR_)/.test(code) ? 'protocol_error' : 'reset', detail, isLocal };
  }
  if (CUT.has(code) && !('syscall' in error && error.syscall === 'connect')) {
    return { code: 'tls_failed', detail: 'connection closed during the TLS handshake', isLocal };
  }
  return {
    code: CONNECT_TIMEOUTS.has(code) ? 'connect_timeout' : 'connect_failed',
    detail,
    isLocal,
  };
}
