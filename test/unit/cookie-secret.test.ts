import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '@lb/shared/logging/logger';
import { CookieSecret, SECRET_FILE } from '@lb/primary/internal/snapshot/cookie-secret';

const log = createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false });

/** The secret of an instance that starts without one in its configuration. */
async function started(stateDir: string | null = null) {
  let changes = 0;
  const secret = new CookieSecret({ stateDir, log, onChange: () => changes++ });
  await secret.settle({ secret: null });
  return { secret, changes: () => changes };
}

async function made(stateDir: string | null = null): Promise<string> {
  return (await started(stateDir)).secret.current;
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lb-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the secret of the sticky cookies', () => {
  test('is the one that is configured, and is kept nowhere then', async () => {
    const secret = new CookieSecret({ stateDir: folder, log, onChange: () => undefined });
    await secret.settle({ secret: 'of-at-least-16-characters' });

    expect(secret.current).toBe('of-at-least-16-characters');
    expect(await readdir(folder)).toEqual([]);
  });

  test('is made anew for each instance where there is no place to keep it', async () => {
    const [one, other] = [await made(), await made()];

    expect(one).toHaveLength(43);
    expect(one).not.toBe(other);
  });

  test('outlives the instance in the state directory, which is made when it is missing', async () => {
    const directory = join(folder, 'made');
    const first = await made(directory);

    expect(await made(directory)).toBe(first);
    expect(await readdir(directory)).toEqual([SECRET_FILE]);
    expect(((await stat(join(directory, SECRET_FILE))).mode & 0o777).toString(8)).toBe('600');
  });

  test('is the one that the instances agree on, where there are several', async () => {
    let kept: string | undefined;
    const registry = { secret: (proposal: string) => Promise.resolve((kept ??= proposal)) };
    const [one, other] = [await started(), await started()];
    const first = one.secret.current;

    await one.secret.agree(registry);
    await other.secret.agree(registry);
    await other.secret.agree(registry);

    expect([one.secret.current, other.secret.current]).toEqual([first, first]);
    expect([one.changes(), other.changes()]).toEqual([0, 1]);
  });

  test('is not asked about where it is configured', async () => {
    const { secret, changes } = await started();
    await secret.settle({ secret: 'of-at-least-16-characters' });

    await secret.agree({ secret: () => Promise.reject(new Error('asked')) });

    expect(secret.current).toBe('of-at-least-16-characters');
    expect(changes()).toBe(0);
  });

  test('stays the one that was made, through reloads', async () => {
    const { secret } = await started(folder);
    const before = secret.current;
    await secret.settle({ secret: 'of-at-least-16-characters' });
    await secret.settle({ secret: null });

    expect(secret.current).toBe(before);
  });

  test('is made anew when the file is empty, and then kept', async () => {
    await writeFile(join(folder, SECRET_FILE), '\n');

    const secret = await made(folder);

    expect((await readFile(join(folder, SECRET_FILE), 'utf8')).trim()).toBe(secret);
  });

  test('is made all the same where it cannot be kept', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await chmod(file, 0o600);

    expect(await made(file)).toHaveLength(43);
  });
});
