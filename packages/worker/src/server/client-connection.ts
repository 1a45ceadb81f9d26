/** What the worker knows of one client connection, beside what node:http keeps for itself. */
import type { Socket } from 'node:net';
import { unmapAddress } from '@lb/shared/net/cidr';
import type { Exchange } from '../request/exchange.ts';

export class ClientConnection {
  readonly socket: Socket;
  /** Address of the other end; '' on a unix socket. */
  readonly peerAddress: string;
  /** Port that the client connected to; 0 on a unix socket. */
  readonly localPort: number;
  /** The message boundary on it is lost or given up: nothing more that comes is a request. */
  isClosing = false;
  /** The parser has given up: nothing that comes can be read any more. */
  isBroken = false;
  /** The answer to come says that it is the last one: the listener closes, or an upgrade was asked for. */
  isEnding = false;
  /** Seen without a request while its listener closes. */
  wasUnused = false;
  /** Requests that came on it so far. */
  requestCount = 0;
  readonly #pending = new Set<Exchange>();
  #whenIdle: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.peerAddress = unmapAddress(socket.remoteAddress ?? '');
    this.localPort = socket.localPort ?? 0;
  }

  begin(exchange: Exchange): void {
    this.requestCount++;
    this.#pending.add(exchange);
  }

  end(exchange: Exchange): void {
    this.#pending.delete(exchange);
    if (this.#pending.size > 0) return;
    this.#whenIdle?.();
    this.#whenIdle = undefined;
  }

  /** The request whose body is still being read, if any: what fails in the parser now belongs to it. */
  get receiving(): Exchange | undefined {
    for (const exchange of this.#pending) {
      if (!exchange.request.complete) return exchange;
    }
    return undefined;
  }

  /** It has brought as many requests as it may. @param most limits.maxRequestsPerConnection, 0 = no limit */
  isWornOut(most: number): boolean {
    return most > 0 && this.requestCount >= most;
  }

  /** No request on it waits for its answer. */
  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** Connected, but not a byte of a request has come. */
  get isUnused(): boolean {
    return this.isIdle && this.socket.bytesRead === 0;
  }

  /**
   * Does what node:http did before it let go of the connection (a CONNECT came): reads on, so that a client that leaves is
   * seen, and tells the answer that is being written when there is room again. Nothing that comes is a request any more.
   */
  takeOver(): void {
    const { socket } = this;
    this.isClosing = true;
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => {
      for (const { response } of this.#pending)
        if (response.socket === socket) response.emit('drain');
    });
    socket.resume();
  }

  /** Runs it when every request before has its answer: pipelined answers keep their order. */
  whenIdle(run: () => void): void {
    if (this.isIdle) run();
    else this.#whenIdle = run;
  }
}
