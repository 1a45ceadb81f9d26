/** Starts the client in a process of its own: it must be on time whatever the suite is busy with. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readLines, type Sent } from '../logs.ts';
import type { Plan } from './plan.ts';

const PROGRAM = fileURLToPath(new URL('open-loop.ts', import.meta.url));

export interface Load extends AsyncDisposable {
  /** When the first request is due. */
  readonly beginMs: number;
  /** When the last is. */
  readonly endMs: number;
  /** When each has ended. */
  readonly sent: Promise<readonly Sent[]>;
  /** Sends no more. */
  stop(): void;
}

/** @param file for its log  @param through a program that starts it, with its arguments */
export async function startLoad(
  plan: Plan,
  file: string,
  through: readonly string[] = [],
): Promise<Load> {
  const words = [...through, process.execPath, PROGRAM, JSON.stringify(plan), file];
  const [command = process.execPath, ...args] = words;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {} });
  const exit = once(child, 'exit');
  const [beginMs] = (await once(child, 'message')) as [number];
  return {
    beginMs,
    endMs: beginMs + (plan.requests * 1_000) / plan.rate,
    sent: exit.then(() => {
      if (child.exitCode !== 0) throw new Error(`the client ended with ${child.exitCode}`);
      return readLines<Sent>(file);
    }),
    stop: () => void child.send('stop'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}
