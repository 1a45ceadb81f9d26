/** What the supervisor needs of a worker process; node:cluster fills it in production, tests with a worker of their own. */
import type { ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import type { SocketHandle } from '../listeners/bind.ts';

/** How a process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Called for what a worker process does. */
export interface WorkerListener {
  message(message: ToPrimary): void;
  /** The process is dead; messages it sent before may still arrive. Called once. */
  exit(exit: WorkerExit): void;
  /** Nothing will come from it any more. Called once, after exit. */
  gone(): void;
}

/** A child process. */
export interface WorkerProcess {
  /** 0 when the process could not be started. */
  readonly pid: number;
  /**
   * Hands a message to the channel, in order. `sent` is called once it was written, or could not be: the process may
   * die at any time, and its exit tells.
   */
  send(message: ToWorker, handle?: SocketHandle, sent?: () => void): void;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a worker for a slot; never throws, a process that cannot start exits. */
export type ForkWorker = (slot: number, listener: WorkerListener) => WorkerProcess;

/** Node's own traffic travels on the same channel: only what carries `lb: 1` is ours. */
export function isToPrimary(message: unknown): message is ToPrimary {
  return typeof message === 'object' && message !== null && 'lb' in message && message.lb === 1;
}
