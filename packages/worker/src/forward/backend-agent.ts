/** http-proxy-3's keep-alive connections to one backend: last in, first out, counted, and closed when the backend leaves. */
import type { Agent, ClientRequestArgs } from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { PoolConfig } from '@lb/shared/config/schema/root';
import type { BackendTarget } from '../balancing/backend.ts';
import type { BackendMetrics } from '../metrics/request-metrics.ts';
import { newAgent } from './http-proxy-3/library.ts';

type CreateConnection = Agent['createConnection'];

export class BackendAgent {
  readonly #config: PoolConfig['connections'];
  readonly #target: BackendTarget;
  readonly #metrics: BackendMetrics;
  #agent: Agent | undefined;
  #isRetired = false;

  /** 0 means no limit in `connections.max`, and for ever in `connections.idleTimeout`. */
  constructor(config: PoolConfig['connections'], target: BackendTarget, metrics: BackendMetrics) {
    this.#config = config;
    this.#target = target;
    this.#metrics = metrics;
  }

  /** Made when it is first asked for, and node:http loaded. */
  get http(): Agent {
    this.#agent ??= this.#make();
    return this.#agent;
  }

  /** Closes idle connections now and busy ones when their request is done. */
  retire(): void {
    this.#isRetired = true;
    const agent = this.#agent;
    if (agent === undefined) return;
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  #make(): Agent {
    const { max, maxIdle, idleTimeout } = this.#config;
    const agent = newAgent({
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: max === 0 ? Number.POSITIVE_INFINITY : max,
      timeout: idleTimeout,
    });
    // As an option, Node takes a 0 for its own default.
    agent.maxFreeSockets = this.#isRetired ? 0 : maxIdle;
    const connectPlain = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => this.#connect(connectPlain, options, callback);
    return agent;
  }

  #connect(
    connectPlain: CreateConnection,
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    // A backend may close its half of a tunnel and still read: the other half is ours to close.
    const halfOpen: ClientRequestArgs & net.SocketConstructorOpts = {
      ...options,
      allowHalfOpen: true,
    };
    const { host, port, tls } = this.#target;
    // TLS begins here, below the http: that http-proxy-3 knows of: what it has of TLS options takes no part.
    const socket =
      tls === undefined
        ? connectPlain(halfOpen, callback)
        : tls.connect({ host, port, allowHalfOpen: true });
    if (socket !== null && socket !== undefined) {
      this.#metrics.moveConnections(1);
      socket.once('close', () => this.#metrics.moveConnections(-1));
    }
    return socket;
  }
}
