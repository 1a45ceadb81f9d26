import { expect, test } from '@jest/globals';
import { headToStore } from '@lb/worker/internal/cache/storability';
import { configOf } from '../support/config-text.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 10);
const at = (ms: number): string => new Date(ms).toUTCString();

interface Case {
  readonly keys?: string;
  readonly status?: number;
  readonly fields?: readonly string[];
  readonly hasCookie?: boolean;
}

/** For how long an answer is fresh that was last changed ten hours ago; undefined when it is not kept. */
function lifetimeMs({
  keys = 'heuristicFreshness: 0.1',
  status = 200,
  fields,
  hasCookie = false,
}: Case) {
  const { caches } = configOf(
    `listeners: [{ bind: ":8080" }]\ncaches: { c: { ${keys} } }\npools: { web: { backends: ["http://127.0.0.1:1"] } }\n`,
  );
  const { c: config } = caches;
  if (config === undefined) throw new Error('no cache');
  const answer = {
    status,
    statusLine: 'HTTP/1.1 200 OK\r\n',
    fields: fields ?? ['Date', at(NOW_MS), 'Last-Modified', at(NOW_MS - 10 * HOUR_MS)],
    receivedMs: NOW_MS,
    delayMs: 0,
  };
  const asked = { isAuthorized: false, hasCookie };
  return headToStore(answer, asked, { config, requestIdName: 'x' })?.freshness.lifetimeMs;
}

test('an answer that says nothing is fresh for a part of the time since it changed, where that is configured', () => {
  expect(lifetimeMs({})).toBe(HOUR_MS);
  expect(lifetimeMs({ keys: '' })).toBeUndefined();
});

test.each<[string, Case, number | undefined]>([
  ['for a day at most', { fields: ['Last-Modified', at(0)] }, 24 * HOUR_MS],
  [
    'not for what changed later than it was made',
    { fields: ['Last-Modified', at(NOW_MS + 1000)] },
    0,
  ],
  [
    'not for what the answer says itself',
    { fields: ['Cache-Control', 'max-age=5', 'Last-Modified', at(0)] },
    5_000,
  ],
  ['not for requests with Cookie', { hasCookie: true }, undefined],
  [
    'for requests with Cookie whose answer is public',
    {
      hasCookie: true,
      fields: ['Cache-Control', 'public', 'Last-Modified', at(NOW_MS - 10 * HOUR_MS)],
    },
    HOUR_MS,
  ],
  ['not for errors of the server', { status: 500 }, undefined],
  [
    'with defaultTtl where there is no Last-Modified',
    { keys: 'heuristicFreshness: 0.1, defaultTtl: 7s', fields: [] },
    7_000,
  ],
  [
    'before defaultTtl where there is',
    { keys: 'heuristicFreshness: 0.1, defaultTtl: 7s' },
    HOUR_MS,
  ],
  ['not by a Last-Modified that is no date', { fields: ['Last-Modified', 'yesterday'] }, undefined],
])('%s', (_, given, expected) => {
  expect(lifetimeMs(given)).toBe(expected);
});
