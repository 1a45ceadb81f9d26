import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { prepareSocketPath } from '@lb/primary/internal/admin/socket-path';
import { startAdmin } from '../support/admin-fixture.ts';
import { spawn } from 'node:child_process';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'socket-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Leaves the file of a socket whose process was killed. */
async function leaveDeadSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the unix socket', () => {
  test('is for its owner alone, and is removed at the end', async () => {
    const admin = await startAdmin();
    expect((await stat(admin.socketPath)).mode & 0o777).toBe(0o600);
    await admin.server.close();
    await expect(stat(admin.socketPath)).rejects.toThrow('ENOENT');
    await admin[Symbol.asyncDispose]();
  });

  test('gets a directory of its own, closed to others', async () => {
    const path = join(directory, 'lbctl', 'lb.sock');
    await prepareSocketPath(path);
    expect((await stat(join(directory, 'lbctl'))).mode & 0o777).toBe(0o700);
  });

  test('takes the place of one on which nobody answers', async () => {
    const path = join(directory, 'lb.sock');
    await leaveDeadSocket(path);
    await prepareSocketPath(path);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('does not take the place of one on which somebody answers', async () => {
    await using admin = await startAdmin();
    await expect(prepareSocketPath(admin.socketPath)).rejects.toMatchObject({ code: 'in_use' });
    expect((await stat(admin.socketPath)).isSocket()).toBe(true);
  });

  test('does not remove a file that is no socket, nor follow a link', async () => {
    const file = join(directory, 'precious');
    await writeFile(file, 'precious');
    await symlink(file, join(directory, 'link'));
    for (const name of ['precious', 'link'])
      await expect(prepareSocketPath(join(directory, name))).rejects.toMatchObject({
        code: 'not_a_socket',
      });
    expect((await stat(file)).size).toBe(8);
  });

  test('is not put where others could replace it', async () => {
    const shared = join(directory, 'shared');
    await mkdir(shared);
    await chmod(shared, 0o777);
    await expect(prepareSocketPath(join(shared, 'lb.sock'))).rejects.toMatchObject({
      code: 'unsafe_directory',
    });
    await chmod(shared, 0o1777);
    await prepareSocketPath(join(shared, 'lb.sock'));
  });

  test('has a path that the system can hold', async () => {
    const path = join(directory, 'x'.repeat(100));
    await expect(prepareSocketPath(path)).rejects.toMatchObject({ code: 'too_long' });
  });
});
