/** One request to a backend for each missing answer, however many ask for it meanwhile, and whoever leaves. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { headerOf, RawClient, type RawResponse, requestText } from '../support/raw-client.ts';
import type { RawPeer } from '../support/raw-peer.ts';
import { scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

interface Held extends AsyncDisposable {
  /** The connections to the backend that requests came on, one a request. */
  readonly peers: readonly RawPeer[];
  readonly port: number;
  /** Waits for so many. */
  asked(count: number): Promise<void>;
  /** Waits until so many requests of clients are in the worker. */
  inside(count: number): Promise<void>;
  /** Sends a request; its answer is read later. */
  ask(fields?: readonly string[], target?: string): Promise<RawClient>;
}

/** A backend that answers when the test does it. @param backendKeys in flow style, each behind a comma */
async function startHeld(cache = '{}', backendKeys = ''): Promise<Held> {
  const peers: RawPeer[] = [];
  const clients: RawClient[] = [];
  const backend = await scriptedBackend(async (peer) => {
    while ((await peer.takeHead()) !== undefined) peers.push(peer);
  });
  const worker = await startWorker(
    `pools: { web: { backends: [{ url: "${backend.url}"${backendKeys} }], retries: { attempts: 0 } } }\n` +
      `caches: { c: ${cache} }\nroutes: [{ pool: web, cache: c }]\n`,
  );
  return {
    peers,
    port: worker.port,
    inside: (count) =>
      eventually(() =>
        expect(metricTotal(worker.messages, 'lb_http_requests_in_flight')).toBe(count),
      ),
    asked: (count) => eventually(() => expect(peers.length).toBe(count)),
    async ask(fields = [], target = '/') {
      const client = await RawClient.connect(worker.port);
      clients.push(client);
      client.send(requestText(`GET ${target}`, fields));
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await worker[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

const BODY = '0123456789';
const head = (...fields: string[]): string => ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n');
const FRESH = head('Cache-Control: max-age=60', 'Content-Length: 10');

const bodiesOf = async (clients: readonly RawClient[]): Promise<string[]> =>
  (await Promise.all(clients.map((client) => client.response()))).map(({ body }) => body);

const statusOf = (answer: RawResponse): string | undefined => headerOf(answer, 'cache-status');

/** Each with its request in the worker. */
async function several(
  lb: Held,
  count: number,
  fields: readonly string[] = [],
): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await lb.ask(fields));
  await lb.inside(count);
  return clients;
}

describe('requests for a missing answer', () => {
  test('are one request, and all get the body as it comes', async () => {
    await using lb = await startHeld();

    const first = await lb.ask();
    await lb.asked(1);
    lb.peers[0]?.send(`${FRESH}${BODY.slice(0, 5)}`);
    await first.untilReceived('01234');
    const others = await Promise.all(Array.from({ length: 10 }, () => lb.ask()));
    for (const client of others) await client.untilReceived('01234');
    lb.peers[0]?.send(BODY.slice(5));

    expect(await bodiesOf([first, ...others])).toEqual(Array.from({ length: 11 }, () => BODY));
    expect(lb.peers.length).toBe(1);
  });

  test('wait for the head, and say so', async () => {
    await using lb = await startHeld();

    const [, second] = await several(lb, 2);
    await lb.asked(1);
    lb.peers[0]?.send(`${FRESH}${BODY}`);

    expect(statusOf((await second?.response()) as RawResponse)).toBe('lb; fwd=uri-miss; collapsed');
    expect(lb.peers.length).toBe(1);
  });

  test('for a part or a condition wait for the whole', async () => {
    await using lb = await startHeld();

    const first = await lb.ask();
    await lb.asked(1);
    lb.peers[0]?.send(
      `${head('Cache-Control: max-age=60', 'ETag: "a"', 'Content-Length: 10')}${BODY}`,
    );
    await first.response();
    const part = await lb.ask(['Range: bytes=0-1']);
    const same = await lb.ask(['If-None-Match: "a"']);

    expect((await part.response()).body).toBe('01');
    expect((await same.response()).status).toBe(304);
    expect(lb.peers.length).toBe(1);
  });

  test('each ask for themselves when the answer is not for others, and do not wait the next time', async () => {
    await using lb = await startHeld();

    const clients = await several(lb, 3);
    await lb.asked(1);
    lb.peers[0]?.send(`${head('Cache-Control: private', 'Content-Length: 1')}a`);
    await lb.asked(3);
    for (const peer of lb.peers.slice(1))
      peer.send(`${head('Cache-Control: private', 'Content-Length: 1')}b`);
    expect((await bodiesOf(clients)).sort()).toEqual(['a', 'b', 'b']);

    for (let i = 0; i < 2; i++) await lb.ask();
    await lb.asked(5);
  });

  test('ask for themselves when the answer varies by what they differ in', async () => {
    await using lb = await startHeld();
    const varying = head('Cache-Control: max-age=60', 'Vary: X-Kind', 'Content-Length: 10');

    const one = await several(lb, 2, ['X-Kind: 1']);
    const other = await lb.ask(['X-Kind: 2']);
    await lb.inside(3);
    lb.peers[0]?.send(`${varying}${BODY}`);
    await lb.asked(2);
    lb.peers[1]?.send(`${varying}abcdefghij`);

    expect(await bodiesOf([...one, other])).toEqual([BODY, BODY, 'abcdefghij']);
  });

  test('all fail when it does, and the backend is asked once', async () => {
    await using lb = await startHeld();

    const clients = await several(lb, 5);
    await lb.asked(1);
    lb.peers[0]?.reset();
    const answers = await Promise.all(clients.map((client) => client.response()));

    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
    expect(lb.peers.length).toBe(1);
  });

  test('are all cut when the body breaks off, and nothing is stored', async () => {
    await using lb = await startHeld();

    const clients = await several(lb, 3);
    await lb.asked(1);
    lb.peers[0]?.send(`${FRESH}01234`);
    for (const client of clients) await client.untilReceived('01234');
    lb.peers[0]?.reset();
    for (const client of clients) expect(await client.untilClosed()).toEqual([]);
    await lb.ask();

    await lb.asked(2);
  });

  test('get a body that is too large to be stored, each to its end', async () => {
    await using lb = await startHeld('{ maxObject: 64KiB }');
    const piece = 'x'.repeat(50_000);
    const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;

    const clients = await several(lb, 3);
    await lb.asked(1);
    lb.peers[0]?.send(head('Cache-Control: max-age=60', 'Transfer-Encoding: chunked') + chunk);
    for (const client of clients) await client.untilReceived('xxx');
    for (let i = 1; i < 40; i++) lb.peers[0]?.send(chunk);
    lb.peers[0]?.send('0\r\n\r\n');

    expect((await bodiesOf(clients)).map(({ length }) => length)).toEqual(
      clients.map(() => 40 * piece.length),
    );
    await lb.ask();
    await lb.asked(2);
  });
});

describe('a client that leaves', () => {
  test.each([
    ['before the head', ''],
    ['in the middle of the body', `${FRESH}01234`],
  ])('%s does not lose the answer for others', async (_, before) => {
    await using lb = await startHeld();

    const first = await lb.ask();
    await lb.asked(1);
    lb.peers[0]?.send(before);
    if (before !== '') await first.untilReceived('01234');
    first[Symbol.dispose]();
    const second = await lb.ask();
    lb.peers[0]?.send(`${FRESH}${BODY}`.slice(before.length));

    expect((await second.response()).body).toBe(BODY);
    expect((await (await lb.ask()).response()).body).toBe(BODY);
    expect(lb.peers.length).toBe(1);
  });

  test('before a backend has room for it leaves the others one request', async () => {
    await using lb = await startHeld('{}', ', maxConnections: 1');
    const busy = await lb.ask([], '/busy');
    await lb.asked(1);

    const first = await lb.ask();
    await lb.inside(2);
    const others = [await lb.ask(), await lb.ask()];
    await lb.inside(4);
    first.socket.resetAndDestroy();
    await lb.inside(3);
    lb.peers[0]?.send(`${FRESH}${BODY}`);
    await busy.response();
    await lb.asked(2);
    lb.peers[1]?.send(`${FRESH}abcdefghij`);

    expect(await bodiesOf(others)).toEqual(others.map(() => 'abcdefghij'));
    expect(lb.peers.length).toBe(2);
  });

  test('takes an answer that nobody else may have with it', async () => {
    await using lb = await startHeld();

    const first = await lb.ask();
    await lb.asked(1);
    lb.peers[0]?.send(`${head('Cache-Control: private', 'Content-Length: 10')}01234`);
    await first.untilReceived('01234');
    first[Symbol.dispose]();

    await eventually(() => expect(lb.peers[0]?.hasEnded).toBe(true));
  });

  test('while it waits for the answer of another leaves that one alone', async () => {
    await using lb = await startHeld();

    const [first, second] = await several(lb, 2);
    await lb.asked(1);
    second?.[Symbol.dispose]();
    lb.peers[0]?.send(`${FRESH}${BODY}`);

    expect((await first?.response())?.body).toBe(BODY);
  });
});

test('a client that does not read holds nobody up', async () => {
  await using lb = await startHeld('{ maxObject: 32MiB }');
  const size = 8 * 1024 * 1024;

  using first = await RawClient.connect(lb.port);
  first.send(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${lb.port}\r\n\r\n`);
  await lb.asked(1);
  first.socket.pause();
  lb.peers[0]?.send(head('Cache-Control: max-age=60', `Content-Length: ${size}`));
  lb.peers[0]?.send(Buffer.alloc(size, 'x'));
  const second = await fetch(`http://127.0.0.1:${lb.port}/`);

  expect((await second.arrayBuffer()).byteLength).toBe(size);
  first.socket.resume();
  await eventually(() => expect(first.received.length > size).toBe(true));
  expect(lb.peers.length).toBe(1);
});
