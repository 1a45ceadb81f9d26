/** Sessions by the balancer's own cookie, on real sockets. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { startRecordingBackend } from '../support/recording-backend.ts';
import { askOnce, type RawAnswer } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  scriptedBackend,
  sendsAndResets,
  type ScriptedBackend,
} from '../support/scripted-backend.ts';
import { valuesOf } from '../support/strict-request-parser.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const STICKY = { sticky: { mode: 'cookie' }, policy: 'round_robin' };

const get = (fields = ''): string =>
  `GET / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n${fields}\r\n`;
const setCookies = ({ fields }: RawAnswer): string[] =>
  fields.flatMap(([name, value]) => (name.toLowerCase() === 'set-cookie' ? [value] : []));
/** What a browser sends back of an answer's first cookie. */
const cookieOf = (answer: RawAnswer): string =>
  `Cookie: ${setCookies(answer)[0]?.split(';')[0]}\r\n`;
const textOf = ({ body }: RawAnswer): string => body.toString();
const named = (name: string): Promise<ScriptedBackend> => scriptedBackend(answers(ok(name)));
const stickyTotals = ({ messages }: Harness): number[] =>
  ['hit', 'new', 'rebound'].map((result) => metricTotal(messages, 'lb_sticky_total', result));

test('a client comes back to its backend, and others are spread', async () => {
  await using a = await named('a');
  await using b = await named('b');
  await using worker = await startWorker(poolYaml([a.url, b.url], STICKY));
  const [one, other] = [await askOnce(worker.port, get()), await askOnce(worker.port, get())];

  for (let i = 0; i < 4; i++) {
    const again = await askOnce(worker.port, get(cookieOf(one)));
    expect([textOf(again), setCookies(again)]).toEqual([textOf(one), []]);
  }
  expect([textOf(one), textOf(other)].sort()).toEqual(['a', 'b']);
  await eventually(() => expect(stickyTotals(worker)).toEqual([4, 2, 0]));
});

test('the cookie goes out beside those of the backend, behind the edits of the route', async () => {
  await using a = await scriptedBackend(answers(ok('a', 'Set-Cookie: own=1\r\n')));
  const yaml =
    poolYaml([a.url], STICKY) +
    'routes: [{ pool: web, headers: { response: { remove: [Set-Cookie], set: { X-Edit: "1" } } } }]\n';
  await using plain = await startWorker(poolYaml([a.url], STICKY));
  await using edited = await startWorker(yaml);

  const both = await askOnce(plain.port, get());
  const ours = await askOnce(edited.port, get());

  expect(setCookies(both)).toEqual(['own=1', expect.stringMatching(/^lb_web=/)]);
  expect(setCookies(ours)).toEqual([expect.stringMatching(/^lb_web=/)]);
});

test('the backend gets the cookie as the client sent it', async () => {
  await using backend = await startRecordingBackend();
  await using worker = await startWorker(poolYaml([backend.url], STICKY));

  await askOnce(worker.port, get('Cookie: x=1; lb_web=forged; y=2\r\n'));

  expect(valuesOf(backend.only, 'cookie')).toEqual(['x=1; lb_web=forged; y=2']);
});

describe('a session whose backend', () => {
  test('resets the connection goes on at another, in the same request', async () => {
    await using a = await scriptedBackend([answers(ok('a')), sendsAndResets('')]);
    await using b = await named('b');
    await using worker = await startWorker(poolYaml([a.url, b.url], STICKY));
    let first = await askOnce(worker.port, get());
    if (textOf(first) === 'b') first = await askOnce(worker.port, get());
    a.peers[0]?.socket.destroy();

    const moved = await askOnce(worker.port, get(cookieOf(first)));
    const after = await askOnce(worker.port, get(cookieOf(moved)));

    expect([textOf(first), textOf(moved), textOf(after)]).toEqual(['a', 'b', 'b']);
    expect(setCookies(after)).toEqual([]);
  });

  test('is down moves, and has no cookie on the balancer’s own answer', async () => {
    await using a = await named('a');
    await using worker = await startWorker(poolYaml([a.url], STICKY));
    const first = await askOnce(worker.port, get());
    worker.setState(0, 'down');

    const refused = await askOnce(worker.port, get(cookieOf(first)));

    expect([refused.status, setCookies(refused)]).toEqual([503, []]);
  });

  test('has weight 0 stays', async () => {
    await using a = await named('a');
    await using b = await named('b');
    await using worker = await startWorker(poolYaml([a.url], STICKY));
    const first = await askOnce(worker.port, get());
    worker.apply(poolYaml([{ url: a.url, weight: 0 }, b.url], STICKY));

    expect(textOf(await askOnce(worker.port, get(cookieOf(first))))).toBe('a');
    expect(textOf(await askOnce(worker.port, get()))).toBe('b');
  });

  test('is a backup stays when another is there again', async () => {
    await using main = await named('main');
    await using spare = await named('spare');
    const backends = [main.url, { url: spare.url, backup: true }];
    await using worker = await startWorker(poolYaml(backends, STICKY));
    worker.setState(0, 'down');
    const first = await askOnce(worker.port, get());
    worker.setState(0, 'up');

    expect(textOf(await askOnce(worker.port, get(cookieOf(first))))).toBe('spare');
    expect(textOf(await askOnce(worker.port, get()))).toBe('main');
  });
});

describe('Secure', () => {
  const proxied = (trusted: boolean, url: string): string =>
    poolYaml([url], STICKY) + (trusted ? 'trustedProxies: [127.0.0.1]\n' : '');

  test.each([true, false])(
    'by what a proxy says of the client, if it is trusted: %s',
    async (trusted) => {
      await using a = await named('a');
      await using worker = await startWorker(proxied(trusted, a.url));

      const answer = await askOnce(worker.port, get('X-Forwarded-Proto: https\r\n'));

      expect(setCookies(answer)[0]?.includes('; Secure')).toBe(trusted);
    },
  );
});
