/** Cache-Status: what the cache did with a request. @see RFC 9211 */
import type { Entry } from './entry.ts';

/** What is said of an answer that was stored, or of why a request went on to a backend. */
export type CacheStatus =
  | 'hit'
  | 'hit; detail=shared'
  | 'hit; detail=stale-while-revalidate'
  | 'hit; detail=max-stale'
  | 'fwd=stale; fwd-status=304'
  | 'fwd=stale; detail=stale-if-error'
  | 'fwd=uri-miss; collapsed'
  | ForwardReason;

/** Why a request goes on. @see RFC 9211 section 2.2 */
export type ForwardReason =
  'fwd=bypass' | 'fwd=method' | 'fwd=request' | 'fwd=stale' | 'fwd=uri-miss' | 'fwd=vary-miss';

/** The field line with its CR LF. @param ttlSeconds for how long the answer is fresh still, where that is known */
export function cacheStatusLine(status: CacheStatus, ttlSeconds?: number): string {
  return ttlSeconds === undefined
    ? `Cache-Status: lb; ${status}\r\n`
    : `Cache-Status: lb; ${status}; ttl=${ttlSeconds}\r\n`;
}

/** Of an answer that is kept for others. */
export function storedStatusLine(reason: ForwardReason): string {
  return `Cache-Status: lb; ${reason}; stored\r\n`;
}

/** @param vary what answers of the address differ by; undefined when there are none @param isForced the client wants its own */
export function reasonOf(
  entry: Entry | undefined,
  vary: readonly string[] | undefined,
  isForced: boolean,
): ForwardReason {
  if (entry === undefined) return vary === undefined ? 'fwd=uri-miss' : 'fwd=vary-miss';
  return isForced ? 'fwd=request' : 'fwd=stale';
}
