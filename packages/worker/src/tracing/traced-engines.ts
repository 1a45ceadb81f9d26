/** Engines that tell the spans of tries what comes of them. A try without a span costs one comparison more. */
import type { Backend } from '../balancing/backend.ts';
import type { Forwarder, Try, TryEvents, UpstreamRequest } from '../forward/forwarder.ts';
import type { TunnelEvents, TunnelOpener, TunnelRequest } from '../forward/tunnel.ts';
import { TracedTry, TracedTunnelTry } from './traced-try.ts';

export class TracedForwarder implements Forwarder {
  readonly #engine: Forwarder;

  constructor(engine: Forwarder) {
    this.#engine = engine;
  }

  forward(request: UpstreamRequest, backend: Backend, events: TryEvents): Try {
    const { span } = request;
    if (span === undefined) return this.#engine.forward(request, backend, events);
    const traced = new TracedTry(span, events);
    traced.attempt = this.#engine.forward(request, backend, traced);
    return traced;
  }
}

export class TracedTunnelOpener implements TunnelOpener {
  readonly #opener: TunnelOpener;

  constructor(opener: TunnelOpener) {
    this.#opener = opener;
  }

  open(request: TunnelRequest, backend: Backend, events: TunnelEvents): Try {
    const { span, client } = request;
    if (span === undefined) return this.#opener.open(request, backend, events);
    const traced = new TracedTunnelTry(span, events, client);
    traced.attempt = this.#opener.open(request, backend, traced);
    return traced;
  }
}
