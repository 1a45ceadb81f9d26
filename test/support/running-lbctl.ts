/** The built lbctl as a user runs it: real processes, a directory of its own, free ports. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import { eventually } from './eventually.ts';
import { NODE_COMPILE_CACHE } from './lbctl.ts';

const LBCTL = fileURLToPath(new URL('../../packages/primary/bin/lbctl.js', import.meta.url));

/** How a run of lbctl ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory to run lbctl in; its instances and files are gone when it is disposed of. */
export interface Workplace extends AsyncDisposable {
  readonly directory: string;
  write(name: string, text: string): string;
  /** Runs a verb to its end. */
  lbctl(...args: string[]): Promise<Ended>;
  /** Begins a verb that stays. */
  spawn(...args: string[]): ChildProcess & { readonly ended: Promise<Ended> };
  /** `lbctl start`, until it is running. @throws with its stderr when it ends instead */
  start(...args: string[]): Promise<RunningLbctl>;
}

export interface RunningLbctl {
  readonly process: ChildProcess & { readonly ended: Promise<Ended> };
  status(): Promise<StatusReply>;
  /** `http://127.0.0.1:port` of a listener, the first by default. */
  url(index?: number): Promise<string>;
}

export function workplace(): Workplace {
  const directory = mkdtempSync(join(tmpdir(), 'lbctl-'));
  const children = new Set<ChildProcess & { readonly ended: Promise<Ended> }>();
  const begin = (...args: string[]) => {
    const child = spawn(process.execPath, [LBCTL, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], XDG_RUNTIME_DIR: directory, NODE_COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const begun = Object.assign(child, { ended: endOf(child) });
    children.add(begun);
    return begun;
  };
  const lbctl = (...args: string[]): Promise<Ended> => begin(...args).ended;
  return {
    directory,
    write(name, text) {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    },
    lbctl,
    spawn: begin,
    async start(...args) {
      const child = begin('start', ...args);
      const running = new Promise<undefined>((resolve) => {
        let seen = '';
        child.stderr?.on('data', (chunk) => {
          seen += String(chunk);
          if (seen.includes('"instance started"')) resolve(undefined);
        });
      });
      const ended = await Promise.race([running, child.ended]);
      if (ended !== undefined) throw new Error(`exit code ${ended.code}: ${ended.stderr}`);
      const status = async (): Promise<StatusReply> => {
        const { stdout, stderr } = await lbctl('status', '--json');
        if (stdout === '') throw new Error(stderr);
        return JSON.parse(stdout) as StatusReply;
      };
      return {
        process: child,
        status,
        url: async (index = 0) => {
          const { listeners } = await status();
          return `http://${listeners[index]?.address ?? 'nowhere'}`;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) if (child.exitCode === null) child.kill('SIGQUIT');
      await Promise.all([...children].map(({ ended }) => ended));
      rmSync(directory, { recursive: true });
    },
  };
}

/** A backend on a free port. */
export async function startBackend(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Waits until the answer is true. @throws when that takes longer than `eventually` waits */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  await eventually(async () => {
    if (!(await condition())) throw new Error(`not yet: ${String(condition)}`);
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (texts.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (texts.stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...texts };
}
