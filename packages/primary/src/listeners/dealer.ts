/**
 * Accepts connections in the primary and deals them to the workers in turn: `accept: round-robin`.
 *
 *     client ──▶ waiting ──▶ offered to a worker ──taken──▶ closed here; the worker has it
 *                   ▲                 └── not taken, or the worker died ──┐
 *                   └─────────────────────────────────────────────────────┘
 *
 * The primary keeps its copy of a connection until the worker says that it has it, so a worker that dies costs none. The raw
 * handles' `listen` and `onconnection` are what packages/worker/src/server/acceptor.ts uses too. Tried on Node 24.21.
 */
import { getSystemErrorName } from 'node:util';
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import type { SocketHandle } from './bind.ts';
import type { BoundListener } from './listener-set.ts';

/** As in the workers; the kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096;

/** Connections that no worker can take yet; more are closed. As many as would wait in the kernel. */
const MAX_WAITING = 4096;

/** Connections on their way to one worker: one that is stopped must not get them all. */
const MAX_OFFERED = 32;

interface DealingHandle extends SocketHandle {
  onconnection: (status: number, client?: SocketHandle) => void;
  listen(backlog: number): number;
}

interface Connection {
  readonly listener: string;
  readonly handle: SocketHandle;
  /** Workers that did not take it, since it waited last. */
  readonly refusals: number;
}

interface Offer extends Connection {
  readonly workerId: number;
}

export interface DealerOptions {
  /** Ids of the workers that serve a listener, in the order of their slots. */
  readonly recipients: (listener: string) => readonly number[];
  /** Hands a connection to a worker's channel. False when there is no such worker. */
  readonly send: (workerId: number, message: ToWorker, handle: SocketHandle) => boolean;
  readonly log: Logger;
}

/** Owns the connections between the kernel and the workers. */
export class Dealer {
  readonly #options: DealerOptions;
  /** Names of the listeners whose sockets this accepts from; a closed socket gives nothing more. */
  readonly #names = new WeakMap<SocketHandle, string>();
  readonly #offers = new Map<number, Offer>();
  /** How many of them each worker has. */
  readonly #offered = new Map<number, number>();
  #served: ReadonlySet<string> = new Set();
  #waiting: Connection[] = [];
  #nextId = 1;
  #turn = 0;
  #isClosed = false;

  constructor(options: DealerOptions) {
    this.#options = options;
  }

  /** Accepts on the sockets of those that want it; called whenever listeners came into force. */
  follow(listeners: readonly BoundListener[]): void {
    this.#served = new Set(listeners.map(({ name }) => name));
    this.deal();
    for (const { name, accept, handles } of listeners) {
      const [handle] = handles;
      if (accept !== 'round-robin' || handle === undefined) continue;
      const isNew = !this.#names.has(handle);
      this.#names.set(handle, name);
      if (isNew) this.#listen(handle);
    }
  }

  /** Deals what waits; called whenever there may be a worker for it. */
  deal(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) this.#give(connection);
  }

  /** A worker has answered an offer. */
  answered(id: number, isTaken: boolean): void {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    this.#forget(id, offer);
    if (isTaken) {
      offer.handle.close();
      this.deal();
      return;
    }
    // A worker that leaves by itself refuses until it is gone; when all do, asking them in turn would not end.
    const refusals = offer.refusals + 1;
    if (refusals < this.#options.recipients(offer.listener).length) {
      this.#give({ ...offer, refusals });
    } else this.#wait(offer);
  }

  /** Nothing more will come from a worker: what it has not answered goes to others. */
  remove(workerId: number): void {
    const left = [...this.#offers].filter(([, offer]) => offer.workerId === workerId);
    this.#offered.delete(workerId);
    for (const [id, offer] of left) {
      this.#offers.delete(id);
      this.#give(offer);
    }
  }

  /** Closes what no worker was offered. The sockets are closed by their owner. */
  close(): void {
    this.#isClosed = true;
    for (const { handle } of this.#waiting) handle.close();
    this.#waiting = [];
  }

  #listen(handle: SocketHandle): void {
    if (!isDealingHandle(handle)) {
      throw new Error(`node ${process.version} has sockets without listen`);
    }
    handle.onconnection = (status, client) => {
      const listener = this.#names.get(handle);
      if (client !== undefined && listener !== undefined)
        this.#give({ listener, handle: client, refusals: 0 });
      else
        this.#options.log.error(
          { code: getSystemErrorName(status), listener },
          'connection not accepted',
        );
    };
    const errno = handle.listen(BACKLOG);
    if (errno === 0) return;
    const facts = { code: getSystemErrorName(errno), listener: this.#names.get(handle) };
    this.#options.log.error(facts, 'cannot listen');
  }

  #give(connection: Connection): void {
    const { listener, handle } = connection;
    const workerId = this.#isClosed ? undefined : this.#next(listener);
    if (workerId !== undefined) {
      const id = this.#nextId++;
      const offer = { ...connection, workerId };
      this.#offers.set(id, offer);
      this.#offered.set(workerId, (this.#offered.get(workerId) ?? 0) + 1);
      if (this.#options.send(workerId, { lb: 1, type: 'connection', listener, id }, handle)) return;
      this.#forget(id, offer);
    }
    this.#wait(connection);
  }

  #wait({ listener, handle }: Connection): void {
    const isHopeless = this.#isClosed || !this.#served.has(listener);
    if (isHopeless || this.#waiting.length >= MAX_WAITING) handle.close();
    else this.#waiting.push({ listener, handle, refusals: 0 });
  }

  #forget(id: number, { workerId }: Offer): void {
    this.#offers.delete(id);
    this.#offered.set(workerId, (this.#offered.get(workerId) ?? 0) - 1);
  }

  /** Whose turn it is, among those that keep up. */
  #next(listener: string): number | undefined {
    if (!this.#served.has(listener)) return undefined;
    const ids = this.#options.recipients(listener);
    for (let tried = 0; tried < ids.length; tried += 1) {
      const id = ids[this.#turn++ % ids.length];
      if (id !== undefined && (this.#offered.get(id) ?? 0) < MAX_OFFERED) return id;
    }
    return undefined;
  }
}

function isDealingHandle(handle: SocketHandle): handle is DealingHandle {
  return 'listen' in handle;
}
