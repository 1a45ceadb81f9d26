/**
 * The sockets of the instance, by the listeners of its configuration. A change is two steps, so that a reload can be
 * refused as a whole: prepare() binds what is missing, commit() puts it in force and closes what is not wanted any more.
 */
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { BindAddress } from '@lb/shared/net/bind-address';
import { parseBind } from '@lb/shared/net/bind-address';
import type { OfferedListener } from '../workers/worker.ts';
import { bindSocket } from './bind.ts';
import type { BoundSocket } from './bind.ts';
import type { BindFailure } from './bind-failure.ts';

/** A listener with its socket. `bind` is the text of the configuration, `address` where it really listens. */
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
  /** Those of `listeners` that the workers do not have yet. */
  readonly added: readonly BoundListener[];
  readonly opened: readonly BoundListener[];
}

export type PrepareResult =
  | { readonly ok: true; readonly plan: ListenerPlan }
  | { readonly ok: false; readonly failures: readonly ListenerFailure[] };

/** Owns every listening socket of the primary. */
export class ListenerSet {
  #current: readonly BoundListener[] = [];

  /** The listeners in force, in the order of the configuration. */
  get listeners(): readonly BoundListener[] {
    return this.#current;
  }

  /** Binds what the configuration wants and is not bound yet. When one cannot be bound, none stays bound. */
  async prepare(wanted: readonly ListenerConfig[]): Promise<PrepareResult> {
    const listeners: BoundListener[] = [];
    const added: BoundListener[] = [];
    const opened: BoundListener[] = [];
    const failures: ListenerFailure[] = [];
    const taken = new Set<BoundListener>();
    for (const [index, { name, bind }] of wanted.entries()) {
      const kept = this.#reusable(name, bind, wanted, taken);
      if (kept !== undefined) {
        taken.add(kept);
        const listener = { ...kept, name };
        listeners.push(listener);
        if (kept.name !== name) added.push(listener);
        continue;
      }
      const result = await bindText(bind);
      if (!result.ok) {
        failures.push({ index, name, message: result.message, hint: result.hint });
        continue;
      }
      const listener = { name, bind, ...result.socket };
      for (const list of [listeners, added, opened]) list.push(listener);
    }
    const plan = { listeners, added, opened };
    if (failures.length === 0) return { ok: true, plan };
    this.discard(plan);
    return { ok: false, failures };
  }

  /** Puts a plan in force. Sockets that no listener has any more are closed, unix sockets unlinked. */
  commit(plan: ListenerPlan): void {
    const kept = new Set(plan.listeners.map(({ handle }) => handle));
    for (const { handle } of this.#current) if (!kept.has(handle)) handle.close();
    this.#current = plan.listeners;
  }

  /** Closes what a plan opened. */
  discard(plan: ListenerPlan): void {
    for (const { handle } of plan.opened) handle.close();
  }

  /** Closes every socket of this process; those that workers hold go on until they close them. */
  close(): void {
    for (const { handle } of this.#current) handle.close();
    this.#current = [];
  }

  /** The socket of the same listener, or of one that is about to leave the same bind to this one: a listener renamed. */
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

async function bindText(
  bind: string,
): Promise<
  { readonly ok: true; readonly socket: BoundSocket } | ({ readonly ok: false } & BindFailure)
> {
  const address = parseBind(bind);
  if (address === undefined) throw new RangeError(`not a bind: ${bind}`);
  return bindSocket(address);
}
