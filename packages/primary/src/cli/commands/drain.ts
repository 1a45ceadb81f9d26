/** `lbctl drain POOL/BACKEND`: no new traffic; with --wait, until nothing is in flight. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import { changeBackend, type ChangedBackend } from './change-backend.ts';
import type { ClientCall } from './client.ts';

const POLL_MS = 200;

export interface DrainOptions {
  readonly wait: boolean;
  /** After this long the backend is disabled. */
  readonly deadlineMs: number | undefined;
  readonly force: boolean;
}

/** Drains; the drain goes on whether somebody waits for it or not. */
export function drain(
  call: ClientCall,
  target: string,
  { wait, deadlineMs, force }: DrainOptions,
): Promise<number> {
  const change = {
    state: 'drain',
    force,
    ...(deadlineMs !== undefined && { deadlineMs }),
  } as const;
  if (!wait) return changeBackend(call, { target, change });
  return changeBackend(call, { target, change }, (changed) => untilEmpty(call, target, changed));
}

/** Looks again and again, and says each new number. Ctrl-C ends the waiting alone. */
async function untilEmpty(
  { context, output, options }: ClientCall,
  target: string,
  { client, path, backend: first }: ChangedBackend,
): Promise<number> {
  const interrupted = new AbortController();
  context.onSignal('SIGINT', () => interrupted.abort());
  let backend = first;
  for (let lines = 0; ;) {
    const end = endOf(backend);
    if (end !== undefined) {
      output.message(`${target}: ${end.words}`);
      if (options.json === true) output.json(backend);
      return end.exitCode;
    }
    await sleep(POLL_MS, undefined, { signal: interrupted.signal }).catch(ignoreAbort);
    if (interrupted.signal.aborted) {
      output.message(
        `${target}: not waited for any longer; it drains until "lbctl enable ${target}"`,
      );
      return EXIT.interrupted;
    }
    const before = backend.inFlight;
    backend = await client.get<BackendReply>(path);
    if (backend.inFlight === before) continue;
    output.progress(`${target}: ${backend.inFlight} in flight`, lines === 0);
    lines += 1;
  }
}

/** How the waiting ends, if it does. */
function endOf({ inFlight, override }: BackendReply) {
  const state = override?.state ?? null;
  if (state === null) return { words: 'was enabled meanwhile', exitCode: EXIT.failure };
  if (inFlight === 0) return { words: 'empty, nothing is in flight', exitCode: EXIT.ok };
  if (state === 'drain') return undefined;
  return { words: `the deadline has passed, ${inFlight} still in flight`, exitCode: EXIT.ok };
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}
