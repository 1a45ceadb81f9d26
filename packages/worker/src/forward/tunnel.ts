/**
 * Upgraded connections: how one is opened, and the book of those that are open.
 *
 *     exchange ── TunnelRequest ──▶ opener ──▶ backend
 *     exchange ◀── 101: a tunnel, ready to start │ any other answer │ a failure
 */
import type { Socket } from 'node:net';
import type { Backend } from '../balancing/backend.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { Cells } from '../metrics/cells.ts';
import type { RouteMetrics } from '../metrics/request-metrics.ts';
import type { ClientStream } from '../server/http1/client-stream.ts';
import type { Try, TryEvents, UpstreamRequest } from './forwarder.ts';

/** A try to open a tunnel; its lines carry Connection and Upgrade. */
export interface TunnelRequest extends UpstreamRequest {
  /** The client's connection, nothing written to it yet. */
  readonly client: ClientStream;
}

export interface TunnelEvents extends TryEvents {
  /**
   * The backend agreed, with these lines.
   * @param start writes the 101 with these lines added, each with its CR LF; joins both sides and returns the backend's socket
   */
  onTunnel(lines: HeadText, start: (answerLines: string) => Socket): void;
}

/** Opens tunnels. A try ends with `onTunnel`, or as any other. */
export interface TunnelOpener {
  open(request: TunnelRequest, backend: Backend, events: TunnelEvents): Try;
}

/** Both ends of a tunnel, and what it is counted by. */
export interface TunnelEnds {
  readonly client: ClientStream;
  readonly upstream: Socket;
  readonly backend: Backend;
  readonly metrics: RouteMetrics;
  /** Without a byte for this long it is closed. */
  readonly idleMs: number;
}

interface OpenTunnel extends TunnelEnds {
  countedIn: number;
  countedOut: number;
}

/** The tunnels that are open in this worker. */
export class Tunnels {
  readonly #cells: Cells;
  readonly #open = new Set<OpenTunnel>();

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Enters a tunnel, until its client's side is closed. */
  add(ends: TunnelEnds): void {
    const { client, upstream, metrics, idleMs } = ends;
    const counted = { countedIn: client.bytesRead, countedOut: client.bytesWritten };
    const tunnel: OpenTunnel = { ...ends, ...counted };
    this.#open.add(tunnel);
    this.#cells.add(metrics.tunnels, 1);
    // Every byte of either direction passes the client's socket, so its idle time is the tunnel's.
    // What waits to be written then waits for somebody who does not read: a polite end would wait along, for ever.
    client.setTimeout(idleMs, () => client.destroy());
    client.once('close', () => {
      upstream.setTimeout(idleMs, () => upstream.destroy());
      upstream.destroySoon();
      this.#count(tunnel);
      this.#open.delete(tunnel);
      this.#cells.add(metrics.tunnels, -1);
    });
    upstream.once('close', () => client.destroySoon());
  }

  /** Counts what went through since the last call; a tunnel may live for days. */
  count(): void {
    for (const tunnel of this.#open) this.#count(tunnel);
  }

  /** Closes the tunnels to a backend that left, or all of them. */
  close(backend?: Backend): void {
    for (const tunnel of this.#open) {
      if (backend === undefined || tunnel.backend === backend) close(tunnel);
    }
  }

  #count(tunnel: OpenTunnel): void {
    const { bytesRead, bytesWritten } = tunnel.client;
    this.#cells.add(tunnel.metrics.tunnelBytesIn, bytesRead - tunnel.countedIn);
    this.#cells.add(tunnel.metrics.tunnelBytesOut, bytesWritten - tunnel.countedOut);
    tunnel.countedIn = bytesRead;
    tunnel.countedOut = bytesWritten;
  }
}

function close({ client, upstream }: OpenTunnel): void {
  client.destroySoon();
  upstream.destroySoon();
}
