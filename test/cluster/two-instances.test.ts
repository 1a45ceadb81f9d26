/** deploy/two-instances/run.sh, as people run it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';

const RUN = fileURLToPath(new URL('../../deploy/two-instances/run.sh', import.meta.url));

const START_MS = 30_000;

/** A folder for all that it writes; who has it in the environment was started by it. */
function newPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'lb-two-'));
  return {
    start(command: string) {
      const env = { PATH: process.env['PATH'], TMPDIR: folder };
      const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const output = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
      return { child, output };
    },
    left: () => ({ files: readdirSync(folder), processes: processesWith(`TMPDIR=${folder}`) }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Ids of the processes with this in their environment. */
function processesWith(variable: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(variable);
    } catch {
      // It ended meanwhile, or is somebody else's.
      return false;
    }
  });
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

const NOTHING = { files: [], processes: [] };

test('--once shows that limits and sessions are shared, and leaves nothing behind', async () => {
  using place = newPlace();
  const { child, output } = place.start(`exec '${RUN}' --once`);

  expect({ code: await codeOf(child), ...output }).toMatchObject({ code: 0 });
  const counts = [...output.stdout.matchAll(/answered (\d+), refused (\d+)/g)];
  const refused = counts.map(([, , count]) => Number(count)).reduce((sum, count) => sum + count, 0);
  expect(refused).toBeGreaterThanOrEqual(9);
  expect(output.stdout).toMatch(/10 requests over all instances went to web-[123]\n$/);
  expect(place.left()).toEqual(NOTHING);
}, 60_000);

test('it stops everything when the shell that started it is killed', async () => {
  using place = newPlace();
  const { child, output } = place.start(`'${RUN}'; true`);
  await eventually(() => {
    if (!output.stdout.includes('Ctrl-C stops everything')) throw new Error(output.stderr);
  }, START_MS);
  expect(place.left().processes.length).toBeGreaterThan(8);

  child.kill('SIGKILL');

  await eventually(() => expect(place.left()).toEqual(NOTHING), 15_000);
}, 60_000);
