/** The keep-alive connections to one backend: last in, first out, counted, and closed when the backend leaves. */
import http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { BackendTarget } from '../balancing/backend.ts';
import type { BackendMetrics } from '../metrics/request-metrics.ts';

export class BackendAgent extends http.Agent {
  readonly #target: BackendTarget;
  readonly #metrics: BackendMetrics;

  /** 0 means no limit in `connections.max`, and for ever in `connections.idleTimeout`. */
  constructor(config: PoolConfig['connections'], target: BackendTarget, metrics: BackendMetrics) {
    super({
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: config.max === 0 ? Number.POSITIVE_INFINITY : config.max,
      timeout: config.idleTimeout,
    });
    // As an option, Node takes a 0 for its own default.
    this.maxFreeSockets = config.maxIdle;
    this.#target = target;
    this.#metrics = metrics;
  }

  /** Closes idle connections now and busy ones when their request is done. */
  retire(): void {
    this.maxFreeSockets = 0;
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  override createConnection(
    options: http.ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    // A backend may close its half of a tunnel and still read: the other half is ours to close.
    const halfOpen: http.ClientRequestArgs & net.SocketConstructorOpts = {
      ...options,
      allowHalfOpen: true,
    };
    const { host, port, tls } = this.#target;
    // TLS begins here, below the http: that http-proxy-3 knows of: what it has of TLS options takes no part.
    const socket =
      tls === undefined
        ? super.createConnection(halfOpen, callback)
        : tls.connect({ host, port, allowHalfOpen: true });
    if (socket !== null && socket !== undefined) {
      this.#metrics.moveConnections(1);
      socket.once('close', () => this.#metrics.moveConnections(-1));
    }
    return socket;
  }
}
