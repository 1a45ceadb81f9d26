/** What a Node error says about a try: in which phase it failed, and whether the backend is to blame. */
import type { FailureCode } from '@lb/shared/errors/reasons';

/** This machine ran out of something; another try would fail alike and the backend may be well. */
const LOCAL = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'EAGAIN']);

/** http-proxy-3's own code, and the kernel's. */
const CONNECT_TIMEOUTS = new Set(['ECONNECT_TIMEOUT', 'ETIMEDOUT']);

/** @param isConnected whether the connection stood before the error. */
export function classifyError(
  error: Error,
  isConnected: boolean,
): { readonly code: FailureCode; readonly isLocal: boolean } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isLocal = LOCAL.has(code);
  if (!isConnected) {
    return { code: CONNECT_TIMEOUTS.has(code) ? 'connect_timeout' : 'connect_failed', isLocal };
  }
  // HPE_*: the parser refused the answer; ERR_*: Node refused to write the request or to read on.
  return { code: /^(HPE_|ERR_)/.test(code) ? 'protocol_error' : 'reset', isLocal };
}
