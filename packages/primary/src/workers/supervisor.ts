/**
 * Keeps the wanted number of worker processes alive, each in its slot, and is the only one that talks to them.
 *
 *     fork ──▶ starting ──ready──▶ snapshot, sockets ──listening on all──▶ running ──drain──▶ draining ──▶ exit
 *                  └──────────────── dies: replaced in the same slot, later and later in a loop ◀──┘
 *
 * While a worker is replaced on purpose, its slot has two: the one that serves, and its successor.
 */
import type { ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import type { Logger } from '@lb/shared/logging/logger';
import type { Snapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import type { SocketHandle } from '../listeners/bind.ts';
import { CRASH_LOOP_DEATHS, EARLY_DEATH_MS, restartDelayMs } from './restart-delay.ts';
import { Watchdog } from './watchdog.ts';
import type { ForkWorker, WorkerExit, WorkerProcess } from './worker-process.ts';
import type { OfferedListener, PassedOn, Worker, WorkerDeath, WorkerState } from './worker.ts';

/**
 * How often a worker gets each listening socket. libuv takes one connection a turn from each, so a worker that is busy with
 * its connections would let new ones wait: one for each hundred requests. More places take more at once, but each place of an idle
 * worker wakes for nothing when a connection comes (docs/decisions/0008-accepting.md has the figures).
 */
const ACCEPTING_PLACES = 4;

/** A worker that has not said `ready` by then is killed. */
export const READY_TIMEOUT_MS = 30_000;

/** Workers that are still there this long after the drain deadline are killed. */
export const KILL_GRACE_MS = 1_000;

export interface SupervisorOptions {
  readonly fork: ForkWorker;
  readonly clock: Clock;
  readonly log: Logger;
  /** What a worker that just started is told first. */
  readonly snapshot: () => Snapshot;
  /** The sockets every worker must accept from. */
  readonly listeners: () => readonly OfferedListener[];
  readonly onMessage: (worker: Worker, message: PassedOn) => void;
  /** The number of workers in some state changed. */
  readonly onChange: () => void;
  readonly onDied: (death: WorkerDeath) => void;
  /** Nothing more will come from this worker. */
  readonly onGone: (worker: Worker) => void;
}

export interface ReplaceTimes {
  /** A successor that takes longer to accept connections has failed. */
  readonly startMs: number;
  /** What the worker that goes may take for what it has in flight. */
  readonly drainMs: number;
}

interface Member {
  readonly id: number;
  readonly slot: number;
  readonly forkedAtMs: number;
  readonly listening: Set<string>;
  process: WorkerProcess | undefined;
  pid: number;
  state: WorkerState;
  ready: boolean;
  applied: number;
  deadline: NodeJS.Timeout | undefined;
  reason: string | null;
}

interface Slot {
  earlyDeaths: number;
  restart: NodeJS.Timeout | undefined;
}

/** Starts, replaces, drains and kills workers. Forks nothing before resize(). */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #members = new Map<number, Member>();
  readonly #slots: Slot[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #watchdog: Watchdog;
  #nextId = 1;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog({
      ...options,
      workers: () => this.workers,
      send: (id, message) => this.send(id, message),
      condemn: (id, reason) => this.#condemn(id, reason),
    });
  }

  /** Every living worker, by slot. */
  get workers(): readonly Worker[] {
    return [...this.#members.values()].sort((a, b) => a.slot - b.slot || a.id - b.id);
  }

  /**
   * Makes it `count` workers: forks what is missing at once, drains the highest slots.
   * @param drainMs how long the drained ones may take
   */
  resize(count: number, drainMs: number): void {
    if (this.#stopping) return;
    this.#watchdog.start();
    for (let slot = this.#slots.length; slot < count; slot += 1) {
      this.#slots.push({ earlyDeaths: 0, restart: undefined });
      this.#fork(slot);
    }
    for (const slot of this.#slots.splice(count)) clearTimeout(slot.restart);
    for (const member of this.#members.values()) {
      if (member.slot >= count && member.state !== 'draining') this.#drainOne(member, drainMs);
    }
  }

  /**
   * Forks a successor for a worker, drains the worker once the successor accepts from every listener, and resolves when it
   * is gone. Resolves to why not when the successor does not come up: the worker then goes on. A worker that is not there, or
   * not wanted any more, needs none.
   */
  async replace(id: number, { startMs, drainMs }: ReplaceTimes): Promise<string | undefined> {
    const old = this.#members.get(id);
    const isWanted = (): boolean =>
      !this.#stopping && old !== undefined && old.slot < this.#slots.length;
    if (old === undefined || old.state !== 'running' || !isWanted()) return undefined;
    const successor = this.#fork(old.slot);
    const isOver = (): boolean => successor.state !== 'starting' || !isAlive() || !isWanted();
    const isAlive = (): boolean => this.#members.has(successor.id);
    await this.#wait(isOver, startMs);
    if (!isWanted()) return undefined;
    if (!isAlive()) return 'the new worker died before it accepted connections';
    if (successor.state !== 'running') {
      successor.process?.kill('SIGKILL');
      return `the new worker does not accept connections after ${startMs / 1_000} s`;
    }
    if (this.#members.has(id)) this.#drainOne(old, drainMs);
    await this.#wait(() => !this.#members.has(id));
    return undefined;
  }

  /** Sends a message to every worker that is ready; those that become ready later are provisioned with the newest state. */
  broadcast(message: ToWorker): void {
    for (const member of this.#members.values()) {
      if (member.ready) member.process?.send(message);
    }
  }

  /** Sends a message to one worker, as WorkerProcess does. False when there is no such worker, or it is not ready. */
  send(id: number, message: ToWorker, handle?: SocketHandle, sent?: () => void): boolean {
    const member = this.#members.get(id);
    if (member?.process === undefined || !member.ready) return false;
    member.process.send(message, handle, sent);
    return true;
  }

  /** Hands a socket to every worker that is ready. */
  offer(listener: OfferedListener): void {
    for (const member of this.#members.values()) {
      if (member.ready) this.#offerTo(member, listener);
    }
  }

  /**
   * Waits until every worker that should serve meets the condition, successors too; one that dies meanwhile is waited for
   * in its replacement. Resolves to false when the time is up or a stop began.
   */
  async until(condition: (worker: Worker) => boolean, timeoutMs: number): Promise<boolean> {
    const met = (): boolean =>
      this.#slots.every((_, slot) => {
        const members = this.#membersOf(slot);
        return members.length > 0 && members.every(condition);
      });
    return this.#wait(() => met() || this.#stopping, timeoutMs).then(() => met());
  }

  /**
   * Drains every worker and resolves when all are gone. Those that exceed the time are killed; those that serve nothing
   * yet are killed at once. A second call with a shorter time shortens the first.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#stop();
    for (const member of this.#members.values()) this.#drainOne(member, timeoutMs);
    await this.#wait(() => this.#members.size === 0);
  }

  /** Kills every worker and resolves when all are gone. */
  async kill(): Promise<void> {
    this.#stop();
    for (const member of this.#members.values()) member.process?.kill('SIGKILL');
    await this.#wait(() => this.#members.size === 0);
  }

  #stop(): void {
    this.#stopping = true;
    this.#watchdog.close();
    for (const slot of this.#slots) clearTimeout(slot.restart);
    this.#changed();
  }

  #membersOf(slot: number): readonly Member[] {
    const members = [...this.#members.values()];
    return members.filter((member) => member.slot === slot && member.state !== 'draining');
  }

  #fork(slot: number): Member {
    const member: Member = {
      id: this.#nextId++,
      slot,
      forkedAtMs: this.#options.clock.monotonicMs(),
      listening: new Set(),
      process: undefined,
      pid: 0,
      state: 'starting',
      ready: false,
      applied: 0,
      deadline: undefined,
      reason: null,
    };
    this.#members.set(member.id, member);
    member.process = this.#options.fork(slot, {
      message: (message) => this.#received(member, message),
      exit: (exit) => this.#exited(member, exit),
      gone: () => this.#options.onGone(member),
    });
    member.pid = member.process.pid;
    member.deadline = setTimeout(() => {
      this.#options.log.error({ worker: slot, pid: member.pid }, 'worker did not become ready');
      member.process?.kill('SIGKILL');
    }, READY_TIMEOUT_MS);
    this.#changed();
    return member;
  }

  #received(member: Member, message: ToPrimary): void {
    switch (message.type) {
      case 'ready':
        clearTimeout(member.deadline);
        member.ready = true;
        this.#provision(member);
        break;
      case 'applied':
        member.applied = Math.max(member.applied, message.version);
        break;
      case 'listening':
        member.listening.add(message.listener);
        if (member.state === 'starting' && this.#listensToAll(member)) member.state = 'running';
        break;
      case 'pong':
        this.#watchdog.heard(member.id);
        return;
      case 'failed':
        member.reason = message.reason;
        break;
      case 'drained':
        this.#options.log.debug({ worker: member.slot, pid: member.pid }, 'worker drained');
        break;
      default:
        this.#options.onMessage(member, message);
        return;
    }
    this.#changed();
  }

  #provision(member: Member): void {
    member.process?.send({ lb: 1, type: 'snapshot', snapshot: this.#options.snapshot() });
    for (const listener of this.#options.listeners()) this.#offerTo(member, listener);
  }

  #offerTo(member: Member, { name, accept, handles }: OfferedListener): void {
    member.listening.delete(name);
    const place = accept === 'reuseport' ? member.slot : 0;
    const handle = accept === 'round-robin' ? undefined : handles[place];
    const places = accept === 'round-robin' ? 1 : ACCEPTING_PLACES;
    for (let sent = 0; sent < places; sent += 1)
      member.process?.send({ lb: 1, type: 'listen', listener: name, isFurther: sent > 0 }, handle);
  }

  #listensToAll(member: Member): boolean {
    return this.#options.listeners().every(({ name }) => member.listening.has(name));
  }

  #drainOne(member: Member, timeoutMs: number): void {
    clearTimeout(member.deadline);
    if (!member.ready) {
      member.state = 'draining';
      member.process?.kill('SIGKILL');
      return;
    }
    member.state = 'draining';
    member.process?.send({ lb: 1, type: 'drain', timeoutMs });
    member.deadline = setTimeout(() => {
      this.#options.log.warn({ worker: member.slot, pid: member.pid }, 'worker killed after drain');
      member.process?.kill('SIGKILL');
    }, timeoutMs + KILL_GRACE_MS);
    this.#changed();
  }

  #condemn(id: number, reason: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.reason = reason;
    member.process?.kill('SIGKILL');
  }

  #exited(member: Member, exit: WorkerExit): void {
    clearTimeout(member.deadline);
    this.#watchdog.forget(member.id);
    this.#members.delete(member.id);
    const slot = this.#slots[member.slot];
    const other = this.#membersOf(member.slot)[0];
    // A successor that dies is what replace() tells.
    const isSuccessor = member.state === 'starting' && other !== undefined;
    if (member.state !== 'draining' && !this.#stopping && slot !== undefined && !isSuccessor) {
      this.#replaceDead(member, slot, exit);
    }
    this.#changed();
  }

  #replaceDead(member: Member, slot: Slot, exit: WorkerExit): void {
    const aliveMs = this.#options.clock.monotonicMs() - member.forkedAtMs;
    slot.earlyDeaths = aliveMs < EARLY_DEATH_MS ? slot.earlyDeaths + 1 : 0;
    const restartInMs = restartDelayMs(slot.earlyDeaths);
    this.#options.onDied({
      slot: member.slot,
      pid: member.pid,
      ...exit,
      reason: member.reason,
      restartInMs,
      isLoop: slot.earlyDeaths >= CRASH_LOOP_DEATHS,
    });
    if (this.#membersOf(member.slot).length > 0) return;
    // Not within the exit of the dead one even without a delay: a fork that fails at once must not recurse.
    slot.restart = setTimeout(() => this.#fork(member.slot), restartInMs);
  }

  #changed(): void {
    this.#options.onChange();
    for (const check of this.#waiting) check();
  }

  #wait(met: () => boolean, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const check = (): void => {
        if (met()) finish();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(finish, timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }
}
