import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '@lb/shared/logging/logger';
import {
  CookieSecret,
  type CookieSecretOptions,
  SECRET_FILE,
} from '@lb/primary/internal/snapshot/cookie-secret';
import { configOf } from '../support/config-text.ts';

const log = createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false });
const configWith = (text: string) =>
  configOf(`listeners: [{ bind: ":8080" }]\npools: { web: { backends: [http://a] } }\n${text}`);

/** The secret of an instance that starts. */
async function secretOf(text: string, options: Partial<CookieSecretOptions> = {}): Promise<string> {
  const secret = new CookieSecret({ stateDirectory: undefined, log, ...options });
  await secret.settle(configWith(text));
  return secret.current;
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
    const text = `secret: of-at-least-16-characters\nstateDir: ${folder}`;

    expect(await secretOf(text)).toBe('of-at-least-16-characters');
    expect(await readdir(folder)).toEqual([]);
  });

  test('is made anew for each instance where there is no place to keep it', async () => {
    const [one, other] = [await secretOf(''), await secretOf('')];

    expect(one).toHaveLength(43);
    expect(one).not.toBe(other);
  });

  test.each(['stateDir', 'the directory that it is given'])(
    'outlives the instance in %s',
    async (where) => {
      const directory = join(folder, 'made');
      const ask = (): Promise<string> =>
        where === 'stateDir'
          ? secretOf(`stateDir: ${directory}`)
          : secretOf('', { stateDirectory: directory });
      const first = await ask();

      expect(await ask()).toBe(first);
      expect(await readdir(directory)).toEqual([SECRET_FILE]);
      expect(((await stat(join(directory, SECRET_FILE))).mode & 0o777).toString(8)).toBe('600');
    },
  );

  test('is the one that the instances agree on, where there are several', async () => {
    const agree = async (): Promise<string> => 'the one of the first';

    expect(await secretOf(`stateDir: ${folder}`, { agree })).toBe('the one of the first');
    expect(await readdir(folder)).toEqual([]);
  });

  test('stays the one that was made, through reloads', async () => {
    const secret = new CookieSecret({ stateDirectory: folder, log });
    await secret.settle(configWith(''));
    const made = secret.current;
    await secret.settle(configWith('secret: of-at-least-16-characters'));
    await secret.settle(configWith('stateDir: /nonexistent'));

    expect(secret.current).toBe(made);
  });

  test('is made anew when the file is empty, and then kept', async () => {
    await writeFile(join(folder, SECRET_FILE), '\n');

    const made = await secretOf('', { stateDirectory: folder });

    expect((await readFile(join(folder, SECRET_FILE), 'utf8')).trim()).toBe(made);
  });

  test('is made all the same where it cannot be kept', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    await chmod(file, 0o600);

    expect(await secretOf('', { stateDirectory: file })).toHaveLength(43);
  });
});
