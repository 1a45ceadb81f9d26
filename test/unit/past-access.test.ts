/** The last requests, out of the file of the access log or out of the memory of workers. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines } from '@lb/primary/internal/logs/last-lines';
import { PastAccess } from '@lb/primary/internal/logs/past-access';
import type { PastRequestReply } from '@lb/shared/admin-api/explain';

const folder = mkdtempSync(join(tmpdir(), 'lb-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const all = (): boolean => true;

describe('the last lines of a file', () => {
  test.each([
    ['', []],
    ['a\n', ['a']],
    ['a\nb\nc\n', ['b', 'c']],
    ['a\nb\nc', ['b', 'c']],
    ['only', ['only']],
  ])('of %j are %j', async (text, lines) => {
    expect(await lastLines(file('small', text), 2, all)).toEqual(lines);
  });

  test('are whole where blocks meet, in a line, a character and a line feed', async () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => `${at} ${'\u00e9'.repeat(at % 13)}`);
    const path = file('large', `${lines.join('\n')}\n`);
    expect(await lastLines(path, lines.length, all)).toEqual(lines);
  });

  test('are those that are wanted, however far back', async () => {
    const text = `wanted 1\n${'other\n'.repeat(50_000)}wanted 2\nother\n`;
    const isWanted = (line: string): boolean => line.startsWith('wanted');
    expect(await lastLines(file('rare', text), 2, isWanted)).toEqual(['wanted 1', 'wanted 2']);
  });
});

const PAST: PastRequestReply = {
  id: 'new',
  traceId: null,
  at: '2026-01-31T12:00:00.000Z',
  worker: 1,
  kept: 'error',
  method: 'GET',
  host: 'a.example',
  path: '/x',
  client: '192.0.2.1',
  listener: 'web',
  route: 'all',
  pool: 'web',
  backend: 'b1',
  tried: [],
  tries: 1,
  status: 502,
  reason: 'reset',
  totalMs: 12,
  ttfbMs: null,
  upstreamMs: 12,
  connectMs: null,
};

function past(path: string, enabled = true): PastAccess {
  return new PastAccess({
    config: () => ({ enabled, path }),
    pastRequests: () => Promise.resolve([PAST, { ...PAST, id: 'old', status: 200 }]),
  });
}

describe('the past', () => {
  const lines = [200, 502, 200].map((status, at) =>
    JSON.stringify({ request_id: `${at}`, status }),
  );

  test('is out of the file, and the filter looks into its lines', async () => {
    const path = file('access.log', `${lines.join('\n')}\n`);
    const reply = await past(path).last(1, { status: [500, 599] });
    expect(reply).toEqual({
      source: 'file',
      problem: null,
      entries: [{ request_id: '1', status: 502 }],
    });
  });

  test('has lines of another format as they are, but none that a filter could ask', async () => {
    const path = file('combined.log', '192.0.2.1 - - [31/Jan/2026] "GET / HTTP/1.1" 200 5\n7\n');
    const { entries } = await past(path).last(10, {});
    expect(entries).toEqual(['192.0.2.1 - - [31/Jan/2026] "GET / HTTP/1.1" 200 5', '7']);
    expect((await past(path).last(10, { route: 'all' })).entries).toEqual([]);
  });

  test('says why the file cannot be read', async () => {
    const { problem, entries } = await past(join(folder, 'missing')).last(10, {});
    expect(problem).toContain('ENOENT');
    expect(entries).toEqual([]);
  });

  test.each([
    ['the log goes to stdout', 'stdout', true],
    ['there is no log', '/nowhere', false],
    ['it goes to a device or a pipe', '/dev/null', true],
  ])('is what workers remember when %s, the oldest first', async (_, path, enabled) => {
    const reply = await past(path, enabled).last(10, {});
    expect(reply).toMatchObject({
      source: 'memory',
      entries: [{ request_id: 'old' }, { request_id: 'new', time: '2026-01-31T12:00:00.012Z' }],
    });
    expect((await past(path, enabled).last(10, { status: [502, 502] })).entries).toHaveLength(1);
  });
});
