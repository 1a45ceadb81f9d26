/** The tries of one request: pick, forward, record, and again while that is allowed. */
import type { Backend } from '../balancing/backend.ts';
import type { Failure, UpstreamResponse } from '../forward/forwarder.ts';
import { decideRetry } from '../forward/retry.ts';
import type { TunnelOutcome } from '../forward/tunnel.ts';
import type { Exchange } from './exchange.ts';
import type { Passage } from './passage.ts';
import type { Reply } from './reply.ts';
import type { Services } from './services.ts';
import { failureReply, noBackendReply } from './upstream-errors.ts';
import { upstreamRequest } from './upstream-request.ts';

/** `onEnd` is to be called when the answer has been relayed or cut: the backend is busy until then. */
export interface Answered<A> {
  readonly answer: A;
  readonly onEnd: () => void;
}

/** Nobody waits for an answer any more. */
export interface Gone {
  readonly gone: true;
}

/** An answer to relay, one of our own to send, or nobody left to answer. */
export type TriesOutcome<A> = Answered<A> | { readonly reply: Reply } | Gone;

/** Forwards plain HTTP until a backend answers or nothing more may be tried. */
export async function tryBackends(passage: Passage): Promise<TriesOutcome<UpstreamResponse>> {
  const forwarder = passage.services.forwarders[passage.pool.config.engine];
  const outcome = await eachBackend(passage, (backend) =>
    forwarder.forward(upstreamRequest(passage, backend), backend),
  );
  if (!('answer' in outcome)) return outcome;
  passage.body.forget();
  return { answer: outcome.answer.response, onEnd: outcome.onEnd };
}

/** One try under way, of either engine. */
interface AnyTry<O extends TunnelOutcome> {
  readonly outcome: Promise<O>;
  readonly connectMs: number | undefined;
  cancel(): void;
}

/** What ends the tries. */
type Success<O extends TunnelOutcome> = Exclude<O, Failure | { kind: 'cancelled' }>;

/** The loop. `start` begins one try on the backend that was picked. */
export async function eachBackend<O extends TunnelOutcome>(
  passage: Passage,
  start: (backend: Backend) => AnyTry<O>,
): Promise<TriesOutcome<Success<O>>> {
  const { exchange, pool, services } = passage;
  let attemptsUsed = 0;
  let last: Failure | undefined;
  for (;;) {
    const backend = pool.pick(exchange);
    if (backend === undefined) {
      if (last !== undefined) pool.metrics.retryRefused('no_backend');
      return { reply: last === undefined ? noBackendReply() : failureReply(last.code) };
    }
    const settled = await oneTry(passage, backend, start);
    if (!('failure' in settled)) return settled;
    last = settled.failure;
    record(last, backend, services);
    // The failure and the end of the client may cross: nobody waits for another try.
    if (exchange.isFinished || exchange.interruption !== undefined) return { gone: true };
    const decision = decideRetry(last, exchange, pool.config.retries, attemptsUsed);
    if (!decision.retry) {
      pool.metrics.retryRefused(decision.refusal);
      return { reply: failureReply(last.code) };
    }
    if (decision.reason === 'stale') {
      exchange.staleRetryUsed = true;
    } else {
      attemptsUsed++;
      exchange.tried.push(backend);
    }
    pool.metrics.retried(decision.reason);
  }
}

/** One try and its times; on an answer the backend stays busy until `onEnd`. */
async function oneTry<O extends TunnelOutcome>(
  { exchange, services: { clock } }: Passage,
  backend: Backend,
  start: (backend: Backend) => AnyTry<O>,
): Promise<Answered<Success<O>> | { readonly failure: Failure } | Gone> {
  const startedMs = clock.monotonicMs();
  exchange.backend = backend;
  exchange.tries++;
  backend.begin();
  const attempt = start(backend);
  exchange.cancelTry = () => attempt.cancel();
  const end = (): void => {
    exchange.cancelTry = undefined;
    exchange.upstreamMs += clock.monotonicMs() - startedMs;
    backend.end();
  };
  const outcome = await attempt.outcome;
  exchange.connectMs = attempt.connectMs;
  if (isSuccess(outcome)) {
    const nowMs = clock.monotonicMs();
    exchange.ttfbMs = nowMs - exchange.startedMs;
    backend.answered(statusOf(outcome), nowMs - startedMs);
    return { answer: outcome, onEnd: onceOrOnClose(exchange, end) };
  }
  end();
  return outcome.kind === 'failure' ? { failure: outcome } : { gone: true };
}

function isSuccess<O extends TunnelOutcome>(outcome: O): outcome is Success<O> {
  return outcome.kind !== 'failure' && outcome.kind !== 'cancelled';
}

function statusOf(outcome: TunnelOutcome): number {
  return outcome.kind === 'response' ? outcome.response.status : 101;
}

/** A backend that cannot be connected to is out at once; what this machine lacks is not its fault. */
function record(failure: Failure, backend: Backend, services: Services): void {
  if (failure.isLocal) {
    services.shortages.report(backend, failure.detail);
    return;
  }
  backend.metrics.failed(failure.code);
  if (failure.code === 'connect_failed' || failure.code === 'connect_timeout') {
    services.reportUnreachable(backend, failure.detail);
  }
}

/** The engine ends an answer once, but a client that leaves ends it as well; whichever is first. */
function onceOrOnClose({ response }: Exchange, end: () => void): () => void {
  let isDone = false;
  const run = (): void => {
    if (isDone) return;
    isDone = true;
    response.off('close', run);
    end();
  };
  response.once('close', run);
  return run;
}
