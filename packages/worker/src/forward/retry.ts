/** Whether a try that came to nothing may be followed by another, as far as the request and the rules of its pool say. */
import type { RetryReason, RetryRefusal } from '@lb/shared/metrics/catalog';
import { FAILURES } from '@lb/shared/errors/reasons';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from './forwarder.ts';

/** What a pool says of retries. */
export interface RetryRules {
  readonly attempts: number;
  readonly methods: readonly string[];
  /** What `retries.on` names; `perTryTimeout` adds `timeout`. */
  readonly reasons: ReadonlySet<RetryReason>;
}

/**
 * The word for a failure in `retries.on`, or undefined for one that has none. `stale`: the retry that a reused connection is
 * owed, once; it is no attempt and the same backend may have it. @see RFC 9112 section 9.3.1
 */
export function reasonOfFailure(
  failure: Failure,
  { staleRetryUsed }: Pick<Exchange, 'staleRetryUsed'>,
): RetryReason | undefined {
  if (isStale(failure) && !staleRetryUsed) return 'stale';
  switch (FAILURES[failure.code].metric) {
    case 'connect':
    // A handshake that failed is a connection that did not come about: nothing of the request was worked on.
    case 'tls':
      return 'connect';
    case 'reset':
      return 'reset';
    case 'timeout':
      return 'timeout';
    case 'protocol':
      return undefined;
  }
}

/**
 * Why there is no other try, or undefined when there may be one; whether a backend is left, and the budget, are other questions.
 * @see RFC 9110 section 9.2.2
 */
export function refusalOf(
  reason: RetryReason | undefined,
  exchange: Exchange,
  { attempts, methods, reasons }: RetryRules,
  attemptsUsed: number,
): RetryRefusal | undefined {
  if (!exchange.isRepeatable(methods)) return 'method';
  if (exchange.body?.isReplayable === false) return 'body';
  if (reason === 'stale') return undefined;
  if (reason === undefined || !reasons.has(reason)) return 'kind';
  return attemptsUsed < attempts ? undefined : 'attempts';
}

/** The backend may have closed an idle connection in the moment in which it got the request. */
function isStale({ code, reusedConnection, hasAnswerBegun }: Failure): boolean {
  return code === 'reset' && reusedConnection && !hasAnswerBegun;
}
