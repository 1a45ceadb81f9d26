/** One listener in a worker: an HTTP server on a socket that the primary bound, and the guards around it. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type Socket } from 'node:net';
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { ListenerLimits } from '@lb/shared/config/schema/listener';
import { ListenerMetrics } from '../metrics/request-metrics.ts';
import { handleRequest } from '../request/handle-request.ts';
import { handleUpgrade, takesUpgrade } from '../request/handle-upgrade.ts';
import { METHOD_NOT_ALLOWED } from '../request/admission.ts';
import { type Reply, errorReply } from '../request/reply.ts';
import { sendReply } from '../request/send-reply.ts';
import type { Services } from '../request/services.ts';
import { beginExchange } from '../request/exchange-lifecycle.ts';
import { acceptFrom } from './accept-from.ts';
import { ClientConnection } from './client-connection.ts';
import type { ListenerContext } from './listener-context.ts';
import { onClientError, replyRaw } from './client-error.ts';

/** Node looks for late heads only this often (hazard: its default of 30 s makes a headerTimeout of 10 s mean 40). */
const TIMEOUT_CHECK_MS = 500;

export class Listener implements ListenerContext {
  readonly name: string;
  readonly metrics: ListenerMetrics;
  readonly #services: Services;
  readonly #server: http.Server;
  readonly #connections = new Map<Socket, ClientConnection>();
  #limits: ListenerLimits;
  #connectionsElsewhere = 0;

  constructor(config: ListenerConfig, services: Services) {
    this.name = config.name;
    this.metrics = new ListenerMetrics(services.cells, config.name);
    this.#services = services;
    this.#limits = config.limits;
    this.#server = this.#createServer();
    this.configure(config);
  }

  get limits(): ListenerLimits {
    return this.#limits;
  }

  /** Open client connections in this worker. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Open client connections of the same listener in the other workers. */
  setConnectionsElsewhere(count: number): void {
    this.#connectionsElsewhere = count;
  }

  /** Takes over changed limits; connections that are open stay. maxHeaderSize is for new connections of a new worker. */
  configure({ limits }: ListenerConfig): void {
    this.#limits = limits;
    this.#server.headersTimeout = limits.headerTimeout;
    this.#server.keepAliveTimeout = limits.keepAliveTimeout;
  }

  /** Accepts from a socket that is bound already. @param handle what the primary sent along with `listen` */
  listen(handle: unknown, onListening: () => void): void {
    acceptFrom(this.#server, handle, onListening);
  }

  /**
   * Stops accepting; requests in flight go on. Every answer from now on says that it is the last of its connection, and what
   * is still idle after an interval is closed. Resolves when the last connection is gone.
   */
  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.isEnding = true;
    const closed = new Promise<void>((resolve) => {
      // Not http's own close: it ends idle connections at once, and a request that is on its way to one of them is lost.
      net.Server.prototype.close.call(this.#server, () => resolve());
    });
    const sweep = setInterval(() => this.#closeIdle(), TIMEOUT_CHECK_MS);
    await closed;
    clearInterval(sweep);
    // Ends the timer with which http watches for late heads.
    this.#server.close();
  }

  /** Closes what is left, in the midst of whatever it is doing. */
  destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** A connection without a request yet gets one interval to bring it; node:http counts it as busy. */
  #closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const connection of this.#connections.values()) {
      if (connection.isUnused && connection.wasUnused) connection.socket.destroy();
      connection.wasUnused = connection.isUnused;
    }
  }

  #createServer(): http.Server {
    const services = this.#services;
    const server = http.createServer({
      // A request without Host gets our answer, not Node's.
      requireHostHeader: false,
      insecureHTTPParser: false,
      maxHeaderSize: this.#limits.maxHeaderSize,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // Uploads may take long; their pace is watched by the body itself.
      requestTimeout: 0,
      headersTimeout: this.#limits.headerTimeout,
      keepAliveTimeout: this.#limits.keepAliveTimeout,
      noDelay: true,
      // Behind requests that wait for their answers it is served as a plain one: the connection is not free to change.
      shouldUpgradeCallback: (request) =>
        this.#connectionOf(request.socket).isIdle && takesUpgrade(request),
    });
    server.maxHeadersCount = 0;
    // A connection that could not be accepted (ENFILE, ENOBUFS) is its client's trouble; one that cannot listen is ours.
    server.on('error', (error) => {
      if (!server.listening) throw error;
      services.log.error({ err: error, listener: this.name }, 'connection not accepted');
    });
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    server.on('request', (request, response) => this.#onRequest(request, response, false));
    server.on('checkContinue', (request, response) => {
      // Node takes any value that has the word in it for this expectation.
      if (request.headers.expect?.toLowerCase() === '100-continue')
        this.#onRequest(request, response, true);
      else this.#onExpectation(request, response);
    });
    server.on('checkExpectation', (request, response) => this.#onExpectation(request, response));
    server.on('upgrade', (request, socket: Socket, head) => {
      const connection = this.#connectionOf(socket);
      void handleUpgrade({ request, socket, head, connection, listener: this }, services);
    });
    server.on('connect', (request, socket: Socket) => {
      const connection = this.#connectionOf(socket);
      connection.takeOver();
      connection.whenIdle(() =>
        replyRaw({ request, connection, listener: this }, CONNECT_REFUSED, services),
      );
    });
    server.on('clientError', (error, socket) => {
      onClientError(error, this.#connectionOf(socket as Socket), this, services);
    });
    return server;
  }

  #onConnection(socket: Socket): void {
    const { cells } = this.#services;
    const limit = this.#limits.connections;
    if (limit > 0 && this.#connections.size + this.#connectionsElsewhere >= limit) {
      cells.add(this.metrics.rejectedByLimit, 1);
      socket.destroy();
      return;
    }
    this.#connections.set(socket, new ClientConnection(socket));
    cells.add(this.metrics.accepted, 1);
    cells.add(this.metrics.connections, 1);
    socket.once('close', () => {
      this.#connections.delete(socket);
      cells.add(this.metrics.connections, -1);
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connectionOf(request.socket);
    void handleRequest(
      { request, response, connection, listener: this, expectsContinue },
      this.#services,
    );
  }

  /** An expectation that nobody knows. @see RFC 9110 section 10.1.1 */
  #onExpectation(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf(request.socket);
    const { exchange } = beginExchange(
      { request, response, connection, listener: this },
      this.#services,
    );
    sendReply(exchange, EXPECTATION_FAILED, this.#services);
  }

  #connectionOf(socket: Socket): ClientConnection {
    return this.#connections.get(socket) ?? new ClientConnection(socket);
  }
}

const CONNECT_REFUSED: Reply = { ...METHOD_NOT_ALLOWED, closes: true };
const EXPECTATION_FAILED = errorReply(
  'expectation_failed',
  'only "Expect: 100-continue" is understood',
);
