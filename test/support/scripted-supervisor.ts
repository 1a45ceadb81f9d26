/** A supervisor whose workers are played by the test. */
import type { SocketHandle } from '@lb/primary/internal/listeners/bind';
import { Supervisor } from '@lb/primary/internal/workers/supervisor';
import type { ForkWorker, WorkerListener } from '@lb/primary/internal/workers/worker-process';
import type { WorkerDeath } from '@lb/primary/internal/workers/worker';
import type { ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import { createLogger } from '@lb/shared/logging/logger';
import type { Snapshot } from '@lb/shared/model/snapshot';
import { systemClock } from '@lb/shared/time/clock';
import { ALONE } from './alone.ts';
import { configOf } from './config-text.ts';

/** A worker process that does what the test says. */
class ScriptedWorker {
  readonly sent: ToWorker[] = [];
  readonly handles: SocketHandle[] = [];
  readonly signals: string[] = [];
  readonly slot: number;
  readonly #listener: WorkerListener;

  constructor(slot: number, listener: WorkerListener) {
    this.slot = slot;
    this.#listener = listener;
  }

  says(message: ToPrimary): void {
    this.#listener.message(message);
  }

  /** Becomes a worker that serves. */
  serves(): void {
    this.says({ lb: 1, type: 'ready' });
    this.says({ lb: 1, type: 'applied', version: 1 });
    this.says({ lb: 1, type: 'listening', listener: 'web' });
  }

  dies(signal: string | null = 'SIGKILL', code: number | null = null): void {
    this.#listener.exit({ code, signal });
    this.#listener.gone();
  }

  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

function snapshotOf(version: number): Snapshot {
  const text =
    'listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [http://127.0.0.1:1] } }';
  return { version, workerCount: 2, slotCount: 1, config: configOf(text), ...ALONE, pools: [] };
}

export function scriptedSupervisor() {
  const forked: ScriptedWorker[] = [];
  const deaths: WorkerDeath[] = [];
  const gone: number[] = [];
  const messages: ToPrimary[] = [];
  const handle: SocketHandle = { close: () => undefined };
  const fork: ForkWorker = (slot, listener) => {
    const worker = new ScriptedWorker(slot, listener);
    forked.push(worker);
    return {
      pid: 1_000 + forked.length,
      send: (message, sentHandle, sent) => {
        worker.sent.push(message);
        if (sentHandle !== undefined) worker.handles.push(sentHandle);
        sent?.();
      },
      kill: (signal) => void worker.signals.push(signal),
    };
  };
  const supervisor = new Supervisor({
    fork,
    clock: systemClock,
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
    snapshot: () => snapshotOf(1),
    listeners: () => [{ name: 'web', accept: 'shared', handles: [handle] }],
    onMessage: (_, message) => void messages.push(message),
    onChange: () => undefined,
    onDied: (death) => void deaths.push(death),
    onGone: ({ id }) => void gone.push(id),
  });
  const worker = (index: number): ScriptedWorker => {
    const found = forked[index];
    if (found === undefined) throw new Error(`no worker ${index} was forked`);
    return found;
  };
  return { supervisor, forked, worker, deaths, gone, messages, handle };
}
