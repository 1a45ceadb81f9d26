import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { isRunning } from '@lb/primary/internal/cli/is-running';
import { eventually } from '../support/eventually.ts';

test('a process runs, and has gone once it was waited for', async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  expect(isRunning(pid)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(pid)).toBe(false);
});

test('a process that ended has gone, though its parent never asks for it', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  await eventually(async () => expect(isRunning(Number(line.toString()))).toBe(false));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
