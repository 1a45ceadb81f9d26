import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  readdirSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OverrideFile } from '@lb/primary/internal/overrides/override-file';

const A = '{"state":"drain"}';
const B = '{"weight":3}';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbctl-state-'));
  path = join(folder, 'state', 'overrides.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the file of overrides', () => {
  test('is nothing while it is missing', async () => {
    expect(await new OverrideFile(path).load()).toEqual(new Map());
  });

  test('gives back what was set, in a folder that it makes', async () => {
    const file = new OverrideFile(path);
    await file.set('web/a:1', A);
    await file.set('web/b:1', B);
    await file.set('web/a:1', null);
    expect(await new OverrideFile(path).load()).toEqual(new Map([['web/b:1', B]]));
  });

  test('adds to what was there before the start', async () => {
    await new OverrideFile(path).set('web/a:1', A);
    const file = new OverrideFile(path);
    await file.load();
    await file.set('web/b:1', B);
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toEqual([
      'web/a:1',
      'web/b:1',
    ]);
  });

  test('is for its owner alone, and no draft of it stays', async () => {
    const file = new OverrideFile(path);
    await file.set('web/a:1', A);
    // What a crash in the middle of a write may leave behind.
    writeFileSync(`${path}.new`, '{"web/a', { mode: 0o666 });
    await file.set('web/b:1', B);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'state'))).toEqual(['overrides.json']);
  });

  test('is empty when all is cleared, and says how many there were', async () => {
    const file = new OverrideFile(path);
    await file.set('web/a:1', A);
    await file.set('web/b:1', B);
    expect(await file.clear()).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe('{}\n');
  });

  test.each(['', '{"web/a:1": {', '[]', 'null', '7'])('%j is damaged', async (text) => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(path, text);
    await expect(new OverrideFile(path).load()).rejects.toThrow(path);
  });

  test('that cannot be read says so', async () => {
    mkdirSync(path, { recursive: true });
    await expect(new OverrideFile(path).load()).rejects.toThrow('EISDIR');
  });

  test('that cannot be written says so, and is written whole as soon as it can be', async () => {
    writeFileSync(join(folder, 'state'), 'in the way');
    const file = new OverrideFile(path);
    await expect(file.set('web/a:1', A)).rejects.toThrow();
    rmSync(join(folder, 'state'));
    await file.set('web/b:1', B);
    expect((await new OverrideFile(path).load()).size).toBe(2);
  });
});
