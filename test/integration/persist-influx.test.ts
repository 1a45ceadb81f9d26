/** Samples in a real InfluxDB 1, and what InfluxDB 2 would be sent, which Debian does not have. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InfluxStore } from '@lb/primary/internal/persist/influx/influx-store';
import { type InfluxServer, startInflux } from '../support/influx-server.ts';
import { parseLines } from '../support/line-protocol.ts';
import { expectSteps, sampleOf, settingsFor, soon, sorted } from '../support/samples.ts';

const NOON = Date.UTC(2026, 10, 26, 12);
const SOCKET = { pool: 'web', backend: `a b,c=d 'e' "f"\\g\\` };

let server: InfluxServer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  server = stack.use(await startInflux());
}, 60_000);

afterAll(() => stack.disposeAsync());

function openStore(section: object, instance = 'one') {
  const settings = settingsFor({ type: 'influxdb', ...section });
  if (settings.type !== 'influxdb') throw new Error('not InfluxDB');
  const store = new InfluxStore(settings, instance);
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

describe('InfluxDB 1', () => {
  beforeEach(() => server.query('DROP MEASUREMENT "lbctl"').catch(() => undefined));

  test('keeps names and values as they are', async () => {
    await using kept = openStore({ url: server.url() }, 'my host:1');
    const values = { state: 'up "\\', weight: 0.5, bytesIn: 2 ** 40, p99Ms: null };
    await kept.store.write([sampleOf(SOCKET, NOON, values)], soon());
    const [row] = await server.query('SELECT * FROM "lbctl"');
    expect(row).toMatchObject({
      time: NOON,
      instance: 'my host:1',
      kind: 'backend',
      pool: 'web',
      backend: `a b,c=d 'e' "f"\\g_`,
      requests: 10,
      p50_ms: 2,
      bytes_in: 2 ** 40,
      state: 'up "\\',
      weight: 0.5,
      in_flight: 3,
    });
    expect(row).not.toHaveProperty('p99_ms');
    expect(row).not.toHaveProperty('route');
  });

  test('has samples once that are written a second time', async () => {
    await using kept = openStore({ url: server.url() });
    const samples = [sampleOf({}, NOON), sampleOf({ route: 'all' }, NOON)];
    for (const _ of [1, 2]) await kept.store.write(samples, soon());
    const [row] = await server.query('SELECT count("requests") FROM "lbctl"');
    expect(row).toMatchObject({ count: 2 });
  });

  test('gives samples back as steps, of one instance and one part alone', async () => {
    await using kept = openStore({ url: server.url() });
    await using other = openStore({ url: server.url() }, 'two');
    await expectSteps(kept.store, other.store, SOCKET);
  });

  test('takes a minute that ends at any moment', async () => {
    await using kept = openStore({ url: server.url() });
    const endMs = NOON + 12_345;
    await kept.store.write(
      [endMs, endMs - 60_000, endMs - 59_999].map((atMs) => sampleOf({}, atMs)),
      soon(),
    );
    const steps = await kept.store.read({ part: {}, endMs, stepMs: 60_000, count: 2 }, soon());
    expect(sorted(steps).map(({ back, requests }) => [back, requests])).toEqual([
      [0, 20],
      [1, 10],
    ]);
  });

  test.each([
    ['a wrong password', () => server.url('lb', 'wrong'), false, /HTTP 401: authorization failed/],
    ['no user', () => `http://127.0.0.1:${server.port}/?db=lb`, false, /HTTP 401/],
    ['a database that there is not', () => server.url('lb', 'secret', 'none'), false, /HTTP 404/],
    ['nobody who listens', () => 'http://127.0.0.1:1/?db=lb', false, /ECONNREFUSED/],
  ])('%s is one sentence without a secret', async (_, urlOf, isRefusal, sentence) => {
    await using kept = openStore({ url: urlOf() });
    const failing = kept.store.write([sampleOf({}, NOON)], soon());
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'PersistError', isRefusal });
    expect(String(error)).toMatch(sentence);
    expect(String(error)).not.toMatch(/wrong|secret/);
  });

  test('refuses values that have another type there, once and for all', async () => {
    await using kept = openStore({ url: server.url() });
    await kept.store.write([sampleOf({}, NOON, { weight: 1.5 })], soon());
    await server.query('DROP MEASUREMENT "lbctl"');
    await fetch(`http://127.0.0.1:${server.port}/write?db=lb&u=lb&p=secret`, {
      method: 'POST',
      body: 'lbctl,kind=total weight="heavy"',
    });
    const failing = kept.store.write([sampleOf({}, NOON, { weight: 1.5 })], soon());
    await expect(failing).rejects.toMatchObject({ isRefusal: true });
    await expect(kept.store.write([sampleOf({}, NOON)], soon())).resolves.toBeUndefined();
  });

  test('that hangs is left when the time is up', async () => {
    await using kept = openStore({ url: server.url() });
    server.signal('SIGSTOP');
    try {
      const failing = kept.store.write([sampleOf({}, NOON)], soon(50));
      await expect(failing).rejects.toThrow('no answer in time');
    } finally {
      server.signal('SIGCONT');
    }
  });
});

/** Answers as InfluxDB 2 does, and refuses what it would refuse. */
async function fakeInflux2() {
  const seen: { readonly url: string; readonly body: string }[] = [];
  const answer = async (request: IncomingMessage): Promise<readonly [number, string]> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (request.headers.authorization !== 'Token t0ken')
      return [401, '{"code":"unauthorized","message":"unauthorized access"}'];
    seen.push({ url: request.url ?? '', body });
    if (request.method === 'GET' && pathname === '/behind/query')
      return [200, JSON.stringify(QUERY_ANSWER)];
    if (request.method !== 'POST' || pathname !== '/behind/api/v2/write') return [404, '{}'];
    if (searchParams.get('bucket') !== 'my bucket' || searchParams.get('org') !== 'acme & co')
      return [404, '{"code":"not found","message":"bucket \\"none\\" not found"}'];
    if (searchParams.get('precision') !== 'ms') return [400, '{"message":"precision"}'];
    parseLines(body);
    return [204, ''];
  };
  const http = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown): readonly [number, string] => [400, String(error)])
      .then(([status, text]) => response.writeHead(status).end(text));
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    seen,
    origin: `http://127.0.0.1:${port}/behind`,
    async [Symbol.asyncDispose]() {
      http.close();
      await once(http, 'close');
    },
  };
}

const QUERY_ANSWER = {
  results: [
    {
      series: [
        {
          columns: ['time', 'seconds', 'requests', 'errors', 'p50', 'timed'],
          values: [[NOON - 59_999, 60, 40, 1, 80, 20]],
        },
      ],
    },
  ],
};

describe('InfluxDB 2', () => {
  const BUCKET = '?org=acme+%26+co&bucket=my%20bucket';

  test('gets lines for its bucket, with the token', async () => {
    await using fake = await fakeInflux2();
    await using kept = openStore({ url: `${fake.origin}${BUCKET}`, token: 't0ken' });
    await kept.store.write([sampleOf({}, NOON), sampleOf(SOCKET, NOON, { state: 'up' })], soon());
    const lines = parseLines(fake.seen[0]?.body ?? '');
    expect(lines.map(({ tags }) => tags['kind'])).toEqual(['total', 'backend']);
    expect(lines[1]?.fields).toMatchObject({ state: 'up', requests: 10 });
  });

  test('is asked in InfluxQL', async () => {
    await using fake = await fakeInflux2();
    await using kept = openStore({ url: `${fake.origin}${BUCKET}`, token: 't0ken' });
    const question = { part: {}, endMs: NOON, stepMs: 60_000, count: 10 };
    expect(await kept.store.read(question, soon())).toMatchObject([
      { back: 0, seconds: 60, requests: 40, p50Ms: 4, p95Ms: null },
    ]);
    const { searchParams } = new URL(fake.seen[0]?.url ?? '', 'http://x');
    expect(searchParams.get('db')).toBe('my bucket');
  });

  test.each([
    ['another token', BUCKET, 'wr0ng', /HTTP 401: unauthorized access/],
    ['another bucket', '?org=a&bucket=b', 't0ken', /HTTP 404: bucket "none" not found/],
  ])('says why it takes nothing: %s', async (_, query, token, sentence) => {
    await using fake = await fakeInflux2();
    await using kept = openStore({ url: `${fake.origin}${query}`, token });
    const failing = kept.store.write([sampleOf({}, NOON)], soon());
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ isRefusal: false });
    expect(String(error)).toMatch(sentence);
    expect(String(error)).not.toContain(token);
  });
});
