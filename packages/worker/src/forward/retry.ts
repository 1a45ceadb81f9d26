/** Whether a failed try is followed by another. */
import type { PoolConfig } from '@lb/shared/config/schema/root';
import { FAILURES } from '@lb/shared/errors/reasons';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from './forwarder.ts';

/** `stale`: the retry that a reused connection is owed; it is no attempt and the same backend may have it. */
export type RetryDecision =
  | { readonly retry: true; readonly reason: 'connect' | 'reset' | 'stale' }
  | { readonly retry: false; readonly refusal: 'method' | 'body' | 'attempts' | 'kind' };

/**
 * Decides by method, body, attempts and kind of failure; whether a backend is left is the caller's question.
 * @see RFC 9110 section 9.2.2 and RFC 9112 section 9.3.1
 */
export function decideRetry(
  failure: Failure,
  exchange: Exchange,
  config: PoolConfig['retries'],
  attemptsUsed: number,
): RetryDecision {
  const { metric } = FAILURES[failure.code];
  // A handshake that failed is a connection that did not come about: nothing of the request was worked on.
  const reason = metric === 'tls' ? 'connect' : metric;
  if (!exchange.isRepeatable(config.methods)) return { retry: false, refusal: 'method' };
  if (exchange.body?.isReplayable === false) return { retry: false, refusal: 'body' };
  if (isStale(failure) && !exchange.staleRetryUsed) return { retry: true, reason: 'stale' };
  if (reason !== 'connect' && reason !== 'reset') return { retry: false, refusal: 'kind' };
  if (!config.on.includes(reason)) return { retry: false, refusal: 'kind' };
  return attemptsUsed < config.attempts
    ? { retry: true, reason }
    : { retry: false, refusal: 'attempts' };
}

/** The backend may have closed an idle connection in the moment in which it got the request. */
function isStale({ code, reusedConnection, hasAnswerBegun }: Failure): boolean {
  return code === 'reset' && reusedConnection && !hasAnswerBegun;
}
