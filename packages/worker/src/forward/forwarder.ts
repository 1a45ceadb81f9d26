/**
 * What an engine does: it carries one try of a request to one backend, and the answer back.
 *
 *     exchange ── UpstreamRequest ──▶ engine ──▶ backend
 *     exchange ◀── Outcome: the head of an answer, or why there is none
 *     exchange ◀── relay(sink): body, trailers, end or failure
 *
 * Everything that decides (which backend, whether to try again, what a client sees) is outside of it, so an engine needs
 * to know HTTP framing and its own connections and nothing else.
 */
import type { Engine } from '@lb/shared/config/schema/pool';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Backend } from '../balancing/backend.ts';
import type { RequestBody } from '../request/request-body.ts';

/** One try, ready to be written. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire. */
  readonly target: string;
  /** Names and values in turn, all of them final: no hop-by-hop field, no framing. */
  readonly headers: readonly string[];
  readonly body: RequestBody;
  readonly timeouts: {
    readonly connectMs: number;
    readonly responseMs: number;
    readonly idleMs: number;
  };
  /** An interim answer (1xx but 101) that the client should see. */
  onInformation(status: number, headers: readonly string[]): void;
}

/** How a try ended, as far as its head. */
export type Outcome =
  | { readonly kind: 'response'; readonly response: UpstreamResponse }
  | Failure
  | {
      /** The exchange called `cancel`. */
      readonly kind: 'cancelled';
    };

/** A try that brought no answer. */
export interface Failure {
  readonly kind: 'failure';
  readonly code: FailureCode;
  /** For the log: what the system said. */
  readonly detail: string;
  /** The connection had served before: its end may have crossed the request on the way. */
  readonly reusedConnection: boolean;
  /** This machine could not even try (out of descriptors, ports or memory); the backend is not to blame. */
  readonly isLocal: boolean;
}

/** The head of an answer whose body waits to be relayed. */
export interface UpstreamResponse {
  /** 200 to 599. */
  readonly status: number;
  readonly statusMessage: string;
  /** Names and values in turn as they came, hop-by-hop fields and framing included. */
  readonly headers: readonly string[];
  /** Streams the body into the sink; called once. */
  relay(sink: ResponseSink): void;
  /** Goes on after `data` returned false. */
  resume(): void;
}

/** Takes the body of an answer. Exactly one of `end` and `fail` ends it. */
export interface ResponseSink {
  /** Returns false to be left alone until `resume`. */
  data(chunk: Buffer): boolean;
  /** The body is complete. Names and values of trailers in turn. @param last the last piece, where it is at hand: one write less */
  end(trailers: readonly string[], last?: Buffer): void;
  /** The rest will not come: what was relayed must not look complete. */
  fail(code: FailureCode, detail: string): void;
}

/** One try under way. */
export interface Try {
  readonly outcome: Promise<Outcome>;
  /** Milliseconds that a new connection took; undefined while there is none or when one was reused. */
  readonly connectMs: number | undefined;
  /** Drops the try in any phase; the backend's connection is closed unless the answer was complete. */
  cancel(): void;
}

/** An engine, under its name in lb.yaml. */
export type Forwarders = Readonly<Record<Engine, Forwarder>>;

/** An engine. */
export interface Forwarder {
  forward(request: UpstreamRequest, backend: Backend): Try;
}
