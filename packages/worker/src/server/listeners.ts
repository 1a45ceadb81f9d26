/** The listeners of a worker, by name. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { Services } from '../request/services.ts';
import { Listener } from './listener.ts';

/** While draining: how often to look whether only tunnels are left. */
const DRAIN_CHECK_MS = 50;

export class Listeners {
  readonly #services: Services;
  #configs = new Map<string, ListenerConfig>();
  readonly #open = new Map<string, Listener>();
  /** Gone from the configuration or replaced, with connections that are still busy. */
  readonly #closing = new Map<Listener, Promise<void>>();
  #sentConnections = '{}';

  constructor(services: Services) {
    this.#services = services;
  }

  /** Takes over the listeners of a snapshot: changed limits now, removed ones close, new ones wait for their socket. */
  apply(configs: readonly ListenerConfig[]): void {
    this.#configs = new Map(configs.map((config) => [config.name, config]));
    for (const [name, listener] of this.#open) {
      const config = this.#configs.get(name);
      if (config === undefined) {
        this.#open.delete(name);
        this.#close(listener);
      } else {
        listener.configure(config);
      }
    }
  }

  /**
   * A socket of a listener came. The same listener gets a new one when the way it accepts changed, which its connections do
   * not notice, or when its bind changed: then its connections end with their requests.
   */
  listen(name: string, handle: unknown, onListening: () => void): void {
    const config = this.#configs.get(name);
    if (config === undefined) return;
    const known = this.#open.get(name);
    if (known?.bind === config.bind) {
      known.listen(handle, onListening);
      return;
    }
    if (known !== undefined) this.#close(known);
    const listener = new Listener(config, this.#services);
    this.#open.set(name, listener);
    listener.listen(handle, onListening);
  }

  /** The socket that came with the last `listen`, once more. */
  listenFurther(name: string, handle: unknown): void {
    this.#open.get(name)?.listenFurther(handle);
  }

  /** Serves a connection that the primary accepted, or returns false and lets go of it. */
  take(name: string, handle: unknown): boolean {
    const listener = this.#open.get(name);
    if (listener !== undefined && isHandle(handle)) {
      listener.take(handle);
      return true;
    }
    if (isHandle(handle)) handle.close();
    return false;
  }

  setConnectionsElsewhere(counts: Readonly<Record<string, number>>): void {
    for (const [name, listener] of this.#open) listener.setConnectionsElsewhere(counts[name] ?? 0);
  }

  connectionCounts(): Record<string, number> {
    return Object.fromEntries(
      [...this.#open].map(([name, listener]) => [name, listener.connectionCount]),
    );
  }

  /** Same, or undefined when nothing changed since the last call. */
  takeChangedConnections(): Record<string, number> | undefined {
    const counts = this.connectionCounts();
    const text = JSON.stringify(counts);
    if (text === this.#sentConnections) return undefined;
    this.#sentConnections = text;
    return counts;
  }

  /** Closes some of the idle connections. @returns how many */
  closeIdle(): number {
    let closed = 0;
    for (const listener of this.#open.values()) closed += listener.closeIdle();
    return closed;
  }

  /** Stops accepting and waits for the requests in flight. @param closeTunnels called when nothing but tunnels is left */
  async drain(closeTunnels: () => void): Promise<void> {
    for (const listener of this.#open.values()) this.#close(listener);
    this.#open.clear();
    while (this.#closing.size > 0) {
      let connections = 0;
      for (const { connectionCount } of this.#closing.keys()) connections += connectionCount;
      if (connections <= this.#services.tunnels.size) closeTunnels();
      await Promise.race([Promise.all(this.#closing.values()), pause(DRAIN_CHECK_MS)]);
    }
  }

  /** Closes every connection that is left. */
  destroy(): void {
    for (const listener of [...this.#open.values(), ...this.#closing.keys()]) listener.destroy();
  }

  #close(listener: Listener): void {
    const closed = listener.close().finally(() => this.#closing.delete(listener));
    this.#closing.set(listener, closed);
  }
}

/** What comes without one has lost it on the way. */
function isHandle(handle: unknown): handle is { close(): void } {
  return typeof handle === 'object' && handle !== null && 'close' in handle;
}
