/** The writer of access lines, on real files and with what goes wrong with them. */
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LineWriter } from '@lb/worker/internal/access-log/line-writer';
import { eventually } from '../support/eventually.ts';

/** A folder of its own, removed in the end. */
async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lines-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function writer(path: string) {
  const errors: Error[] = [];
  const lines = new LineWriter(path, {
    onError: (error) => errors.push(error),
    onWritten: () => undefined,
  });
  return { lines, errors };
}

function bytesOf(line: string): { readonly bytes: Buffer; readonly length: number } {
  const bytes = Buffer.from(line);
  return { bytes, length: bytes.length };
}

describe('the writer of lines', () => {
  test('writes every line in order, in a folder that it makes', async () => {
    await using at = await folder();
    const path = join(at.path, 'new', 'access.log');
    const { lines } = writer(path);
    const wanted = Array.from({ length: 5_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 90)}\n`);

    for (const line of wanted) lines.write(bytesOf(line));
    await lines.close();

    expect(await readFile(path, 'utf8')).toBe(wanted.join(''));
  });

  test('keeps lines while the path cannot be opened, and writes them when it can', async () => {
    await using at = await folder();
    const path = join(at.path, 'blocked', 'access.log');
    await writeFile(join(at.path, 'blocked'), 'a file where a folder should be');
    const { lines, errors } = writer(path);
    lines.write(bytesOf('early\n'));
    await eventually(() => expect(errors.length).toBeGreaterThan(1));

    await rm(join(at.path, 'blocked'));
    await eventually(async () => expect(await readFile(path, 'utf8')).toBe('early\n'));
    await lines.close();
  });

  test('gives up a path that cannot be opened when it is closed', async () => {
    await using at = await folder();
    await writeFile(join(at.path, 'blocked'), '');
    const { lines } = writer(join(at.path, 'blocked', 'access.log'));
    lines.write(bytesOf('lost\n'));

    await expect(lines.close()).resolves.toBeUndefined();
  });

  test('reopens while the path is blocked, and goes on when it is free', async () => {
    await using at = await folder();
    const path = join(at.path, 'access.log');
    const { lines, errors } = writer(path);
    lines.write(bytesOf('one\n'));
    await eventually(async () => expect(await readFile(path, 'utf8')).toBe('one\n'));
    await rename(path, `${path}.1`);
    await mkdir(path);

    for (let i = 0; i < 20; i++) lines.reopen();
    lines.write(bytesOf('two\n'));
    await eventually(() => expect(errors.length).toBeGreaterThan(0));
    await rm(path, { recursive: true });

    await eventually(async () => expect(await readFile(path, 'utf8')).toBe('two\n'));
    await lines.close();
    expect(await readFile(`${path}.1`, 'utf8')).toBe('one\n');
  });

  test('takes no more than its buffer while nothing can be written', async () => {
    await using at = await folder();
    await writeFile(join(at.path, 'blocked'), '');
    const { lines } = writer(join(at.path, 'blocked', 'access.log'));
    const line = `${'x'.repeat(1024 * 1024 - 1)}\n`;

    const taken = Array.from({ length: 20 }, () => lines.write(bytesOf(line))).filter(
      Boolean,
    ).length;

    expect(taken).toBe(16);
    await lines.close();
  });

  test('appends to what others write into the same file', async () => {
    await using at = await folder();
    const path = join(at.path, 'access.log');
    const { lines } = writer(path);
    lines.write(bytesOf('ours\n'));
    await eventually(async () => expect(await readFile(path, 'utf8')).toBe('ours\n'));
    await appendFile(path, 'theirs\n');
    lines.write(bytesOf('ours again\n'));
    await lines.close();

    expect(await readFile(path, 'utf8')).toBe('ours\ntheirs\nours again\n');
  });
});
