/** The tries of one request: pick, forward, record, and again while that is allowed. */
import type { Reply } from './reply.ts';
import type { Backend } from '../balancing/backend.ts';
import type { Pool } from '../balancing/pool.ts';
import type { Failure, Outcome, UpstreamRequest, UpstreamResponse } from '../forward/forwarder.ts';
import { decideRetry } from '../forward/retry.ts';
import type { TunnelOutcome } from '../forward/tunnel.ts';
import type { Exchange } from './exchange.ts';
import { relayInformation } from './relay-response.ts';
import { requestHeaders } from './request-headers.ts';
import type { RequestBody } from './request-body.ts';
import type { Route } from './route.ts';
import type { Services } from './services.ts';
import { failureReply, noBackendReply } from './upstream-errors.ts';

/** `onEnd` is to be called when the answer has been relayed or cut: the backend is busy until then. */
export interface Answered<A> {
  readonly answer: A;
  readonly onEnd: () => void;
}

/** An answer to relay, one of our own to send, or nobody left to answer. */
export type TriesOutcome<A> = Answered<A> | { readonly reply: Reply } | { readonly gone: true };

/** Forwards plain HTTP until a backend answers or nothing more may be tried. */
export async function tryBackends(
  exchange: Exchange,
  route: Route,
  pool: Pool,
  body: RequestBody,
  services: Services,
): Promise<TriesOutcome<UpstreamResponse>> {
  const outcome = await eachBackend(exchange, pool, services, (backend) =>
    services.forwarder.forward(
      upstreamRequest(exchange, route, pool, backend, body, services),
      backend,
    ),
  );
  if (!('answer' in outcome)) return outcome;
  body.forget();
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
export async function eachBackend<O extends Outcome | TunnelOutcome>(
  exchange: Exchange,
  pool: Pool,
  services: Services,
  start: (backend: Backend) => AnyTry<O>,
): Promise<TriesOutcome<Success<O>>> {
  let attemptsUsed = 0;
  let last: Failure | undefined;
  for (;;) {
    const backend = pool.pick(exchange);
    if (backend === undefined) {
      if (last !== undefined) pool.metrics.retryRefused('no_backend');
      return { reply: last === undefined ? noBackendReply() : failureReply(last.code) };
    }
    const startedMs = services.clock.monotonicMs();
    exchange.backend = backend;
    exchange.tries++;
    backend.begin();
    const attempt = start(backend);
    exchange.cancelTry = () => attempt.cancel();
    const outcome = await attempt.outcome;
    const ms = services.clock.monotonicMs() - startedMs;
    exchange.connectMs = attempt.connectMs;
    if (isSuccess(outcome)) {
      exchange.ttfbMs = services.clock.monotonicMs() - exchange.startedMs;
      backend.answered(statusOf(outcome), ms);
      return {
        answer: outcome,
        onEnd: once(() => {
          exchange.cancelTry = undefined;
          exchange.upstreamMs += services.clock.monotonicMs() - startedMs;
          backend.end();
        }, exchange),
      };
    }
    exchange.cancelTry = undefined;
    exchange.upstreamMs += ms;
    backend.end();
    if (outcome.kind === 'cancelled') return { gone: true };
    last = outcome as Failure;
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

function statusOf(outcome: TunnelOutcome): number {
  return outcome.kind === 'response' ? outcome.response.status : 101;
}

function isSuccess<O extends TunnelOutcome>(outcome: O): outcome is Success<O> {
  return outcome.kind !== 'failure' && outcome.kind !== 'cancelled';
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
function once(end: () => void, { response }: Exchange): () => void {
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

/** The request as this backend gets it. */
export function upstreamRequest(
  exchange: Exchange,
  route: Route,
  pool: Pool,
  backend: Backend,
  body: RequestBody,
  services: Services,
): UpstreamRequest {
  const { timeouts } = pool.config;
  const { requestIdHeader, trustedProxies } = services.runtime();
  const { connection } = exchange;
  const identity = {
    clientAddress: exchange.clientAddress,
    peerAddress: connection.peerAddress,
    peerIsTrusted: trustedProxies.trusts(connection.peerAddress),
    scheme: 'http',
    port: connection.localPort,
    host: exchange.host,
    requestId: exchange.id,
    requestIdHeader,
  } as const;
  const headers = requestHeaders(
    exchange.request,
    identity,
    route.hostSent ?? exchange.host ?? backend.authority,
  );
  route.editRequest?.(headers);
  return {
    method: exchange.method,
    target: (route.rewrite?.(exchange.path) ?? exchange.path) + exchange.search,
    headers,
    body,
    timeouts: { connectMs: timeouts.connect, responseMs: timeouts.response, idleMs: timeouts.idle },
    onInformation: (status, raw) => relayInformation(exchange, status, raw),
  };
}
