import { describe, expect, test } from '@jest/globals';
import { diffConfig, diffFiles } from '@lb/shared/config/diff';
import { touches } from '@lb/shared/config/touches';
import { configOf } from '../support/config-text.ts';

const BEFORE = `
workers: 2
listeners: [{ bind: "127.0.0.1:81", name: web }, { bind: ":82", name: inner, accept: reuseport }]
routes:
  - { name: api, match: { paths: [/api] }, pool: api }
  - { name: rest, pool: web }
pools:
  api: { backends: [{ url: "http://127.0.0.1:9001", name: api-1 }, { url: "http://127.0.0.1:9002", name: api-2 }] }
  web: { backends: ["http://127.0.0.1:9004"] }
  spare: { backends: [{ url: "http://127.0.0.1:9005", name: api-2 }] }
`;

const TRAFFIC = {
  inFlight: (_: string, backend: string) => (backend === 'api-2' ? 3 : 0),
  connections: (listener: string) => (listener === 'web' ? 12 : 0),
};

/** What replacing one text by another in the file changes, and what that touches. */
function touched(from: string, to: string): readonly (readonly [string, string])[] {
  expect(BEFORE).toContain(from);
  const [before, after] = [configOf(BEFORE), configOf(BEFORE.replace(from, to))];
  const count = ({ workers }: typeof before): number => (workers === 'auto' ? 0 : workers);
  const workers = { before: count(before), after: count(after) };
  const transition = { before, after, workers, traffic: TRAFFIC };
  return diffConfig(before, after).map((change) => [change.text, touches(change, transition)]);
}

const NOTHING = 'nothing in flight is touched';

describe('what a change touches', () => {
  test.each([
    [
      'bind: "127.0.0.1:81"',
      'bind: "127.0.0.1:83"',
      'bound anew; on the bind before, 12 open connections end with the request in them, tunnels stay',
    ],
    [
      '{ bind: "127.0.0.1:81", name: web }, ',
      '',
      'closed: 12 open connections end with the request in them, tunnels stay',
    ],
    ['name: web }, ', 'name: web, limits: { maxBody: 1KiB } }, ', '12 open connections stay'],
    [
      'name: web }, ',
      'name: web, accept: reuseport }, ',
      'accepted in another way on the same port: 12 open connections stay',
    ],
    [
      'accept: reuseport',
      'accept: shared',
      'accepted in another way on the same port: 0 open connections stay; those that wait in the queue that closes may be reset',
    ],
    [
      '[/api] }, pool: api',
      '[/api, /v2] }, pool: api',
      `requests from now on; tunnels stay, ${NOTHING}`,
    ],
    [
      ', { url: "http://127.0.0.1:9002", name: api-2 }',
      '',
      '3 in flight: requests finish, tunnels close',
    ],
    [
      'http://127.0.0.1:9002',
      'http://127.0.0.1:9003',
      'another server, whose health is not known yet; before: 3 in flight: requests finish, tunnels close',
    ],
    ['name: api-2', 'name: api-2, weight: 5', `its share of the requests from now on; ${NOTHING}`],
    ['  api: {', '  api: { policy: ewma,', `who gets the requests from now on; ${NOTHING}`],
    [
      '  api: {',
      '  api: { healthCheck: { interval: 1s },',
      `its backends are probed at once, and keep their state until then; ${NOTHING}`,
    ],
    [
      '  api: {',
      '  api: { connections: { maxIdle: 1 },',
      `idle connections to its backends are opened anew; ${NOTHING}`,
    ],
    ['  api: {', '  api: { timeouts: { response: 1s },', `requests from now on; ${NOTHING}`],
    ['workers: 2', 'workers: 4', `2 more start; ${NOTHING}`],
    ['workers: 2', 'workers: 1', '1 of them drains: requests finish, tunnels close'],
    ['workers: 2', 'workers: 2\nlog: { level: debug }', 'log lines from now on'],
    [
      'workers: 2',
      'workers: 2\nadmin: { bind: "127.0.0.1:9999" }',
      'nothing: it takes effect at the next start',
    ],
  ])('%j -> %j', (from, to, sentence) => {
    expect(touched(from, to).map(([, touch]) => touch)).toEqual([sentence]);
  });

  test('a pool that goes takes what is in flight to all its backends along', () => {
    const spare = '  spare: { backends: [{ url: "http://127.0.0.1:9005", name: api-2 }] }\n';
    expect(touched(spare, '')).toEqual([
      ['pool spare removed', '3 in flight: requests finish, tunnels close'],
    ]);
  });

  test('the contents of a file touch handshakes only', () => {
    const [change] = diffFiles(new Map([['ca.pem', 'one']]), new Map([['ca.pem', 'two']]));
    const config = configOf(BEFORE);
    const workers = { before: 2, after: 2 };
    expect(
      change && touches(change, { before: config, after: config, workers, traffic: TRAFFIC }),
    ).toContain('handshakes from now on');
  });
});
