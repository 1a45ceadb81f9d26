/**
 * The sockets of the instance, by the listeners of its configuration. A change is two steps, so that a reload can be
 * refused as a whole: prepare() binds what is missing, commit() puts it in force and closes what is not wanted any more.
 */
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { BindAddress } from '@lb/shared/net/bind-address';
import { formatBind, parseBind } from '@lb/shared/net/bind-address';
import type { OfferedListener } from '../workers/worker.ts';
import { bindBeside, bindSocket } from './bind.ts';
import type { SocketHandle } from './bind.ts';
import type { BindFailure } from './bind-failure.ts';
import type { InheritedSockets } from './inherited-sockets.ts';

/** A listener with its sockets. `bind` is the text of the configuration, `address` where it really listens. */
export interface BoundListener extends OfferedListener {
  readonly bind: string;
  readonly address: BindAddress;
}

/** A listener that could not be bound; `index` is its place in the configuration. */
export interface ListenerFailure extends BindFailure {
  readonly index: number;
  readonly name: string;
}

/** Sockets that are bound but not in force yet: commit() or discard() it. */
export interface ListenerPlan {
  readonly listeners: readonly BoundListener[];
  /** Those of `listeners` that the workers do not have yet, or accept from in another way. */
  readonly added: readonly BoundListener[];
  readonly opened: readonly SocketHandle[];
}

export type PrepareResult =
  | { readonly ok: true; readonly plan: ListenerPlan }
  | { readonly ok: false; readonly failures: readonly ListenerFailure[] };

/** Where to bind, and the sockets that are there already. */
interface Bound {
  readonly address: BindAddress;
  readonly handles: readonly SocketHandle[];
  /** How this instance listens there already. */
  readonly accept?: Accept;
}

type Accept = ListenerConfig['accept'];

type Completed = ({ readonly ok: true } & Bound) | ({ readonly ok: false } & BindFailure);

/** Owns every listening socket of the primary. */
export class ListenerSet {
  readonly #inherited: InheritedSockets;
  #current: readonly BoundListener[] = [];
  readonly #replaced: SocketHandle[] = [];

  /** @param inherited what `fd:` names; they are not closed here */
  constructor(inherited: InheritedSockets) {
    this.#inherited = inherited;
  }

  /** The listeners in force, in the order of the configuration. */
  get listeners(): readonly BoundListener[] {
    return this.#current;
  }

  /** Names of sockets that were handed over and that no listener serves: who connects there waits. */
  get unservedSockets(): readonly string[] {
    const binds = new Set(this.#current.map(({ bind }) => bind));
    return this.#inherited.names.filter((name) => !binds.has(`fd:${name}`));
  }

  /**
   * Binds what the configuration wants and is not bound yet. When one cannot be bound, none stays bound.
   * @param workerCount with `accept: reuseport` each of them has a socket of its own
   */
  async prepare(wanted: readonly ListenerConfig[], workerCount: number): Promise<PrepareResult> {
    const listeners: BoundListener[] = [];
    const added: BoundListener[] = [];
    const opened: SocketHandle[] = [];
    const failures: ListenerFailure[] = [];
    const taken = new Set<BoundListener>();
    for (const [index, { name, bind, accept }] of wanted.entries()) {
      const was = this.#reusable(name, bind, wanted, taken);
      if (was !== undefined) taken.add(was);
      const count = accept === 'reuseport' ? workerCount : 1;
      const there = was === undefined ? unbound(bind) : { ...was, handles: usable(was, accept) };
      const result = await this.#complete(there, count, opened);
      if (!result.ok) {
        failures.push({ index, name, message: result.message, hint: result.hint });
        continue;
      }
      const { address, handles } = result;
      const listener = { name, bind, accept, address, handles };
      listeners.push(listener);
      if (was?.name !== name || was.accept !== accept) added.push(listener);
    }
    const plan = { listeners, added, opened };
    if (failures.length === 0) return { ok: true, plan };
    this.discard(plan);
    return { ok: false, failures };
  }

  /** Puts a plan in force. Sockets that no listener has any more are closed, unix sockets unlinked. */
  commit(plan: ListenerPlan): void {
    const kept = new Set(handlesOf(plan.listeners));
    for (const { bind, accept, handles } of this.#current) {
      const isReplaced =
        accept === 'round-robin' && plan.added.some((other) => other.bind === bind);
      for (const handle of handles) {
        if (kept.has(handle)) continue;
        if (isReplaced) this.#replaced.push(handle);
        else this.#close(handle);
      }
    }
    this.#current = plan.listeners;
  }

  /** Closes sockets that this process accepts from in place of the workers: call it when they do, so that always somebody does. */
  closeReplaced(): void {
    for (const handle of this.#replaced.splice(0)) handle.close();
  }

  /** Closes what a plan opened. */
  discard(plan: ListenerPlan): void {
    for (const handle of plan.opened) handle.close();
  }

  /** Closes every socket of this process; those that workers hold go on until they close them. */
  close(): void {
    for (const handle of handlesOf(this.#current)) this.#close(handle);
    this.#current = [];
    this.closeReplaced();
  }

  #close(handle: SocketHandle): void {
    if (!this.#inherited.has(handle)) handle.close();
  }

  async #complete(there: Bound, count: number, opened: SocketHandle[]): Promise<Completed> {
    const { address, handles } = there;
    if (address.kind !== 'fd' || handles.length > 0) return complete(there, count, opened);
    const result = this.#inherited.open(address.name);
    if (!result.ok) return result;
    return { ok: true, address: result.socket.address, handles: [result.socket.handle] };
  }

  /** The same listener as it is, or one that is about to leave the same bind to this one: a listener renamed. */
  #reusable(
    name: string,
    bind: string,
    wanted: readonly ListenerConfig[],
    taken: ReadonlySet<BoundListener>,
  ): BoundListener | undefined {
    const sameBind = this.#current.filter(
      (listener) => listener.bind === bind && !taken.has(listener),
    );
    const own = sameBind.find((listener) => listener.name === name);
    if (own !== undefined) return own;
    const isWanted = (other: BoundListener): boolean =>
      wanted.some((listener) => listener.name === other.name && listener.bind === other.bind);
    return sameBind.find((listener) => !isWanted(listener));
  }
}

function handlesOf(listeners: readonly BoundListener[]): readonly SocketHandle[] {
  return listeners.flatMap(({ handles }) => handles);
}

function unbound(bind: string): Bound {
  const address = parseBind(bind);
  if (address === undefined) throw new RangeError(`not a bind: ${bind}`);
  return { address, handles: [] };
}

/** The sockets that can go on. One that the primary accepts from cannot: to stop accepting is to close it. */
function usable({ accept, handles }: BoundListener, wanted: Accept): readonly SocketHandle[] {
  return accept === 'round-robin' && wanted !== 'round-robin' ? [] : handles;
}

/** As many sockets as wanted, the first of them those that are there. @param opened gets the others */
async function complete(
  { address, handles, accept }: Bound,
  count: number,
  opened: SocketHandle[],
): Promise<Completed> {
  const all = handles.slice(0, count);
  let where = address;
  let isOurs = accept !== undefined;
  while (all.length < count) {
    if (where.kind === 'fd' || (isOurs && where.kind === 'unix')) return cannotChange(where);
    const result =
      isOurs && where.kind === 'tcp' ? await bindBeside(where) : await bindSocket(where);
    if (!result.ok) return result;
    where = result.socket.address;
    isOurs = true;
    all.push(result.socket.handle);
    opened.push(result.socket.handle);
  }
  return { ok: true, address: where, handles: all };
}

function cannotChange(address: BindAddress): Completed {
  return {
    ok: false,
    message: `cannot change accept on ${formatBind(address)}: a path has room for one socket, and the primary listens on it`,
    hint: 'keep round-robin, choose another path, or restart',
  };
}
