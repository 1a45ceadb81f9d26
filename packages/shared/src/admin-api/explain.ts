/** What the admin API says of a single request, as types: one that might come, and one that came. */
import type { BackendReply } from './contract.ts';

/**
 * `POST /api/v1/explain`: what would become of such a request. Asks one worker; sends nothing, counts nothing, takes no token and
 * no turn. 400 when the request makes no sense.
 */
export interface ExplainRequest {
  /** Default GET. */
  readonly method?: string;
  /** `http://host/path?query`, or a path when the host is in `headers`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The other end of the connection. Default 127.0.0.1. */
  readonly clientIp?: string;
}

/** The same, 200. What a step before has decided leaves the rest empty. */
export interface ExplainReply {
  /** The worker that was asked; another one may have other numbers in flight. */
  readonly worker: number;
  /** As rules see it. */
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: string;
  };
  readonly client: { readonly address: string; readonly because: string };
  /** In the order in which they are tried, up to the one that takes it. */
  readonly routes: readonly ExplainedRoute[];
  /** The route that takes it; null when none does. */
  readonly route: string | null;
  readonly stages: readonly ExplainedStage[];
  /** Null when it is not forwarded. */
  readonly pool: ExplainedPool | null;
  /** One sentence: what would be done with it. */
  readonly outcome: string;
  /** Of an answer that the balancer would give itself; null when a backend would be asked. */
  readonly status: number | null;
}

export interface ExplainedRoute {
  readonly name: string;
  readonly isMatch: boolean;
  /** Which rule took it, or did not. */
  readonly because: string;
}

export interface ExplainedStage {
  readonly name: string;
  /** `answer`: it has what the client gets; `unknown`: only a real request can tell. */
  readonly verdict: 'pass' | 'refuse' | 'answer' | 'unknown';
  readonly because: string;
}

export interface ExplainedPool {
  readonly name: string;
  /** How the route came to it. */
  readonly because: string;
  readonly policy: string;
  /** All of its backends. */
  readonly candidates: readonly ExplainedCandidate[];
  /** What the policy would pick now, and why; the backend is null when none can take it. Where chance decides it is one example. */
  readonly pick: { readonly backend: string | null; readonly because: string };
  /** What would happen if that failed, one sentence each. */
  readonly retry: readonly string[];
}

export interface ExplainedCandidate {
  readonly name: string;
  readonly state: BackendReply['state'];
  readonly breaker: BackendReply['breaker'];
  readonly weight: number;
  readonly inFlight: number;
  /** Average time to a response head; null before the first. */
  readonly latencyMs: number | null;
  /** Part of its traffic that it gets in slow start; 1 otherwise. */
  readonly share: number;
  /** What the policy compares, lower is better; null where it compares nothing. */
  readonly score: number | null;
  readonly mayTakeIt: boolean;
  /** Why it may not; '' when it may. */
  readonly because: string;
}

/**
 * `GET /api/v1/requests` (a list under `requests`, the newest first) and `GET /api/v1/requests/{id}`: requests that went wrong
 * (an error of the balancer or of a backend, 5xx) or took longer than a second. Each worker keeps the last 200 of either.
 */
export interface PastRequestReply {
  readonly id: string;
  /** When its head had come. */
  readonly at: string;
  readonly worker: number;
  readonly kept: 'error' | 'slow';
  readonly method: string;
  readonly host: string;
  /** Without the query, and not longer than 500 characters. */
  readonly path: string;
  readonly client: string;
  readonly listener: string;
  readonly route: string | null;
  readonly pool: string | null;
  /** That answered, or was asked last. */
  readonly backend: string | null;
  /** Backends that were asked before, and gave nothing of use. */
  readonly tried: readonly string[];
  readonly tries: number;
  readonly status: number;
  /** As in the access log; null when nothing was wrong. */
  readonly reason: string | null;
  readonly totalMs: number;
  /** To the head of the answer; null when none came. */
  readonly ttfbMs: number | null;
  /** Spent waiting for backends. */
  readonly upstreamMs: number;
  /** To a new connection; null when none was made. */
  readonly connectMs: number | null;
  /** 32 digits of hex; null while tracing is off. */
  readonly traceId: string | null;
}
