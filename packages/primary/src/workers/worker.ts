/** A worker process as the rest of the primary sees it. */
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import type { SocketHandle } from '../listeners/bind.ts';
import type { WorkerExit } from './worker-process.ts';

/** `running` once it accepts from every listener. */
export type WorkerState = 'starting' | 'running' | 'draining';

/** A worker as others see it. `id` is new for every process, `slot` is kept by the process that replaces it. */
export interface Worker {
  readonly id: number;
  readonly slot: number;
  readonly pid: number;
  readonly state: WorkerState;
  /** Version of the snapshot it works by; 0 before the first. */
  readonly applied: number;
  /** Names of the listeners it accepts from. */
  readonly listening: ReadonlySet<string>;
}

/** What workers say and the supervisor itself does not care about. */
export type PassedOn = Exclude<
  ToPrimary,
  { readonly type: 'ready' | 'listening' | 'applied' | 'pong' | 'failed' | 'drained' }
>;

/** A death that nobody asked for. */
export interface WorkerDeath extends WorkerExit {
  readonly slot: number;
  readonly pid: number;
  /** What it said itself, or what it was killed for; null when nobody knows. */
  readonly reason: string | null;
  readonly restartInMs: number;
  /** True from the third death in a row that came within seconds of the start. */
  readonly isLoop: boolean;
}

/** A listener that workers serve. */
export interface OfferedListener {
  readonly name: string;
  readonly accept: ListenerConfig['accept'];
  /** With reuseport one for each worker, by slot; otherwise one. */
  readonly handles: readonly SocketHandle[];
}
