/** One listener in a worker: accepts on a socket that the primary bound, and keeps its connections and their deadlines. */
import type { Socket } from 'node:net';
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { ListenerLimits } from '@lb/shared/config/schema/listener';
import type { ChunkPool } from '../http1/chunk-pool.ts';
import type { WriteBatch } from '../http1/write-batch.ts';
import type { ParseError } from '../http1/parse-error.ts';
import type { Cell } from '../metrics/cells.ts';
import { ListenerMetrics } from '../metrics/request-metrics.ts';
import { handleRequest, handleUnreadable } from '../request/handle-request.ts';
import type { RequestHead } from '../request/request-head.ts';
import type { Services } from '../request/services.ts';
import { unreadableReply } from '../request/unreadable.ts';
import { Acceptor, openConnection } from './acceptor.ts';
import { ClientConnection } from './http1/client-connection.ts';
import type { ConnectionOwner } from './http1/connection-roles.ts';
import { ClientResponse, type ResponseDefaults } from './http1/client-response.ts';

/** Deadlines of connections are looked at this often: one timer for all of them, late by this much at most. */
const SWEEP_MS = 250;

export class Listener implements ConnectionOwner, ResponseDefaults {
  readonly name: string;
  readonly bind: string;
  readonly metrics: ListenerMetrics;
  readonly #services: Services;
  readonly #connections = new Set<ClientConnection>();
  #accept: ListenerConfig['accept'];
  #limits: ListenerLimits;
  #sectionLimits = { maxHeadBytes: 0, maxFields: 0 };
  #keepAliveLines = '';
  #connectionsElsewhere = 0;
  #acceptor: Acceptor | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #coarseNowMs: number;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(config: ListenerConfig, services: Services) {
    this.name = config.name;
    this.bind = config.bind;
    this.metrics = new ListenerMetrics(services.cells, config.name);
    this.#services = services;
    this.#accept = config.accept;
    this.#limits = config.limits;
    this.#coarseNowMs = services.clock.monotonicMs();
    this.configure(config);
  }

  get limits(): ListenerLimits {
    return this.#limits;
  }

  get sectionLimits(): { readonly maxHeadBytes: number; readonly maxFields: number } {
    return this.#sectionLimits;
  }

  get coarseNowMs(): number {
    return this.#coarseNowMs;
  }

  get dateLine(): string {
    return this.#services.dates.line();
  }

  get chunks(): ChunkPool {
    return this.#services.chunks;
  }

  get writes(): WriteBatch {
    return this.#services.writes;
  }

  get keepAliveLines(): string {
    return this.#keepAliveLines;
  }

  /** Open client connections in this worker. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Open client connections of the same listener in the other workers. */
  setConnectionsElsewhere(count: number): void {
    this.#connectionsElsewhere = count;
  }

  /** Takes over changed limits; connections that are open stay, those of a head are for new connections. */
  configure({ accept, limits }: ListenerConfig): void {
    this.#accept = accept;
    this.#limits = limits;
    this.#sectionLimits = { maxHeadBytes: limits.maxHeaderSize, maxFields: limits.maxHeaders };
    const seconds = Math.max(1, Math.floor(limits.keepAliveTimeout / 1000));
    this.#keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
  }

  /** Accepts, from now on here alone. @param handle what the primary sent along with `listen`; none with round-robin */
  listen(handle: unknown, onListening: () => void): void {
    const replaced = this.#acceptor;
    this.#acceptor = this.#accept === 'round-robin' ? undefined : this.#acceptFrom(handle);
    // Last: both stand on one address, and somebody listens there all the time.
    void replaced?.close();
    this.#sweep ??= setInterval(() => this.#lookAtDeadlines(), SWEEP_MS);
    onListening();
  }

  /** Accepts from the same socket at one more place. @param handle the socket, once more */
  listenFurther(handle: unknown): void {
    this.#acceptor?.add(handle);
  }

  /** Serves a connection that the primary accepted. */
  take(handle: object): void {
    openConnection(handle, (socket, descriptor) => this.#onConnection(socket, descriptor));
  }

  /**
   * Stops accepting; requests in flight go on. Every answer from now on says that it is the last of its connection, and what
   * is still idle after an interval is closed: a request that is on its way to it is not lost. Resolves when the last
   * connection is gone.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const connection of this.#connections) {
      connection.isEnding = true;
      connection.wasIdle = false;
    }
    await this.#acceptor?.close();
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
    clearInterval(this.#sweep);
  }

  /** Closes idle connections, those that were accepted first: an eighth of all at most. @returns how many */
  closeIdle(): number {
    const most = Math.ceil(this.#connections.size / 8);
    let closed = 0;
    for (const connection of this.#connections) {
      if (closed === most) break;
      if (!connection.isIdle) continue;
      connection.socket.destroySoon();
      closed++;
    }
    return closed;
  }

  /** Closes what is left, in the midst of whatever it is doing. */
  destroy(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  onRequest(connection: ClientConnection, head: RequestHead): void {
    const most = this.#limits.maxRequestsPerConnection;
    if (this.#isClosing || (most > 0 && connection.requestCount >= most))
      connection.isEnding = true;
    const response = new ClientResponse(connection, head, this);
    handleRequest({ head, response, connection, listener: this }, this.#services);
  }

  onUnreadable(connection: ClientConnection, error: ParseError | 'too_slow'): void {
    const response = new ClientResponse(connection, undefined, this);
    const arrival = { head: undefined, response, connection, listener: this };
    handleUnreadable(arrival, unreadableReply(error), this.#services);
  }

  onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    this.#services.cells.add(this.metrics.connections, -1);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #acceptFrom(handle: unknown): Acceptor {
    const acceptor = new Acceptor({
      onConnection: (socket, descriptor) => this.#onConnection(socket, descriptor),
      onError: (code) =>
        this.#services.log.error({ code, listener: this.name }, 'connection not accepted'),
    });
    acceptor.add(handle);
    return acceptor;
  }

  #onConnection(socket: Socket, descriptor: number): ClientConnection | undefined {
    const { cells, descriptors } = this.#services;
    const limit = this.#limits.connections;
    if (limit > 0 && this.#connections.size + this.#connectionsElsewhere >= limit)
      return this.#turnAway(socket, this.metrics.rejectedByLimit);
    if (!descriptors.admits(descriptor))
      return this.#turnAway(socket, this.metrics.rejectedForDescriptors);
    const connection = new ClientConnection(socket, this);
    this.#connections.add(connection);
    cells.add(this.metrics.accepted, 1);
    cells.add(this.metrics.connections, 1);
    return connection;
  }

  #turnAway(socket: Socket, reason: Cell): undefined {
    this.#services.cells.add(reason, 1);
    socket.on('error', () => undefined);
    socket.destroy();
  }

  #lookAtDeadlines(): void {
    const now = this.#services.clock.monotonicMs();
    this.#coarseNowMs = now;
    for (const connection of this.#connections) {
      if (connection.dueMs <= now) connection.onDue();
      else if (connection.isStuck(now)) connection.socket.destroy();
      else if (this.#isClosing) this.#closeIdle(connection);
    }
  }

  /** One that was idle the last time as well. */
  #closeIdle(connection: ClientConnection): void {
    if (connection.isIdle && connection.wasIdle) connection.socket.destroySoon();
    connection.wasIdle = connection.isIdle;
  }
}
