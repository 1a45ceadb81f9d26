/** The span of one try on a backend. @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
import type { Backend } from '../balancing/backend.ts';
import { ChildSpan } from './child-span.ts';
import type { SpanContent } from './span.ts';
import type { Trace } from './trace.ts';

/** Why a try is made: for the client, beside one that is slow, as a copy, or to renew what a cache has. */
export type TryKind = 'try' | 'hedge' | 'mirror' | 'refresh';

export interface TrySetup {
  readonly backend: Backend;
  readonly method: string;
  /** Path and query as they go on the wire. */
  readonly target: string;
  /** Tries of the request before this one. */
  readonly resends: number;
}

export class TrySpan extends ChildSpan {
  readonly #kind: TryKind;
  readonly #setup: TrySetup;
  #status: number | undefined;
  #firstByteMs: number | undefined;
  #isCancelled = false;

  constructor(trace: Trace, kind: TryKind, setup: TrySetup) {
    super(trace);
    this.#kind = kind;
    this.#setup = setup;
  }

  /** The head of an answer came. @param nowMs on the monotonic clock */
  answered(status: number, nowMs: number): void {
    this.#status = status;
    this.#firstByteMs = nowMs;
  }

  /** Nobody wants what it may still bring; ends it. */
  cancel(): void {
    this.#isCancelled = !this.isOver;
    this.end();
  }

  override get content(): SpanContent {
    const { backend, method, target, resends } = this.#setup;
    const { host, port, socketPath, tls } = backend.target;
    const status = this.#status;
    const isForClient = this.#kind === 'try' || this.#kind === 'hedge';
    const error =
      this.error ?? (status !== undefined && status >= 500 ? String(status) : undefined);
    const scheme = tls === undefined ? 'http' : 'https';
    return {
      name: `${method} ${backend.pool}`,
      hasFailed: error !== undefined,
      firstByteMs: this.#firstByteMs,
      attributes: {
        'http.request.method': method,
        'url.full': `${scheme}://${backend.authority}${pathOf(target)}`,
        'server.address': socketPath ?? host,
        'server.port': socketPath === undefined ? port : undefined,
        'network.transport': socketPath === undefined ? 'tcp' : 'unix',
        'network.protocol.version': '1.1',
        'http.response.status_code': status,
        'http.request.resend_count': isForClient && resends > 0 ? resends : undefined,
        'error.type': error,
        'lbctl.pool': backend.pool,
        'lbctl.backend': backend.name,
        'lbctl.try': this.#kind,
        'lbctl.cancelled': this.#isCancelled ? true : undefined,
      },
    };
  }
}

/** Queries hold secrets too often. */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
