/** How a tunnel comes about, or not: what a backend may answer to an Upgrade, and what a client may ask. */
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { eventually, reaches, settled } from '../support/eventually.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend, sends } from '../support/scripted-backend.ts';
import { switching, upgrade, WEBSOCKET } from '../support/upgrade-text.ts';
import { startWorker } from '../support/worker-harness.ts';

describe('a backend that agrees', () => {
  test('bytes in the packet of its 101 reach the client', async () => {
    await using backend = await scriptedBackend(sends(`${switching('websocket')}welcome`));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(WEBSOCKET);

    const head = await client.takeHead();
    await client.untilText('welcome');

    expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(head?.toLowerCase()).toContain('upgrade: websocket\r\n');
    expect(head?.toLowerCase()).toContain('connection: upgrade\r\n');
  });

  test('bytes behind the client’s head reach it after its 101, not before', async () => {
    await using backend = await scriptedBackend(sends(''));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(`${WEBSOCKET}early`);
    await eventually(() => expect(backend.peers).toHaveLength(1));
    const [peer] = backend.peers;
    client.send(' and more');
    // By the time that another request is through, those bytes have been read.
    await askOnce(worker.port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    const before = peer?.text;

    peer?.send(switching('websocket'));
    await peer?.untilText('early and more');

    expect(before).not.toContain('early');
  });

  test('any protocol will do when it is the one that was asked for', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      const head = await peer.takeHead();
      peer.send(
        switching('foo/2') + (head?.includes('Upgrade: foo/2') === true ? 'asked' : 'lost'),
      );
      await peer.untilText('ping');
      peer.send('pong');
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(upgrade('foo/2'));

    await client.untilText('asked');
    client.send('ping');
    await client.untilText('pong');

    expect(client.text).toMatch(/askedpong$/);
  });

  test('gets path and query as they were matched', async () => {
    const target = '/a//b%2Fc;d=1?q=%7e&r=/../x';
    await using backend = await scriptedBackend(async (peer) => {
      peer.send(switching('websocket') + ((await peer.takeHead())?.split(' ')[1] ?? ''));
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(WEBSOCKET.replace('GET /', `GET ${target}`));

    await client.untilText(target);

    expect(client.text.endsWith(target)).toBe(true);
  });

  test('its fields pass, each Set-Cookie by itself, but for what ends here', async () => {
    const fields =
      'Sec-WebSocket-Accept: y\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\n' +
      'Proxy-Authenticate: Basic\r\nX-End: 1\r\n';
    const agreed = switching('websocket', fields).replace(
      'Connection: Upgrade',
      'Connection: Upgrade, X-Hop',
    );
    await using backend = await scriptedBackend(sends(agreed));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(WEBSOCKET);

    const head = ((await client.takeHead()) ?? '').toLowerCase();

    for (const kept of [
      'sec-websocket-accept: y',
      'set-cookie: a=1',
      'set-cookie: b=2',
      'x-end: 1',
    ])
      expect(head).toContain(`${kept}\r\n`);
    for (const gone of ['x-hop', 'keep-alive', 'proxy-authenticate'])
      expect(head).not.toContain(gone);
  });
});

test('a client that sends much before the 101 is held back, and loses none of it', async () => {
  await using backend = await scriptedBackend(async (peer) => {
    await peer.takeHead();
  });
  await using worker = await startWorker(poolYaml([backend.url]));
  using client = await connectRaw(worker.port);
  client.send(WEBSOCKET);
  const total = 64 * 1024 * 1024;
  const block = Buffer.alloc(256 * 1024, 'x');
  let sent = 0;
  const pump = (): void => {
    while (sent < total) {
      sent += block.length;
      if (!client.socket.write(block)) break;
    }
    if (sent < total) client.socket.once('drain', pump);
  };
  pump();

  const heldBack = await settled(() => sent);
  const [peer] = backend.peers;
  let received = 0;
  peer?.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  peer?.send(switching('websocket'));
  await reaches(() => received, total);

  expect(heldBack).toBeLessThan(total / 2);
  expect(received).toBe(total);
});

describe('a request whose Upgrade is not taken up is served without it', () => {
  test.each([
    ['h2c', upgrade('h2c', 'HTTP2-Settings: AAMAAABk\r\n')],
    ['H2C', upgrade('H2C')],
    ['TLS', upgrade('TLS/1.2')],
    ['two protocols', upgrade('websocket, h2c')],
    ['a counted body', `${upgrade('websocket', 'Content-Length: 4\r\n')}body`],
    [
      'a chunked body',
      `${upgrade('websocket', 'Transfer-Encoding: chunked\r\n')}4\r\nbody\r\n0\r\n\r\n`,
    ],
    ['POST', upgrade('websocket', 'Content-Length: 0\r\n', 'POST /')],
  ])('%s', async (_what, request) => {
    await using backend = await scriptedBackend(async (peer) => {
      const message = await peer.takeMessage();
      const names = message?.fields.map(([name]) => name.toLowerCase()) ?? [];
      const left = names.filter((name) => ['upgrade', 'http2-settings'].includes(name));
      peer.send(ok(`${JSON.stringify(left)}${message?.body.toString()}`));
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);

    client.send(request);
    const answer = await client.takeMessage();

    expect(answer?.startLine).toBe('HTTP/1.1 200 OK');
    expect(answer?.body.toString()).toMatch(/^\[\](body)?$/);
  });
});

describe('rules', () => {
  const YAML = (url: string): string =>
    `routes:\n  - { match: { paths: ["/admin"] }, pool: web, access: { deny: ["0.0.0.0/0"] } }\n` +
    `  - { match: { paths: ["/*"] }, pool: web }\n${poolYaml([url])}`;

  test('hold for upgrades as well', async () => {
    await using backend = await scriptedBackend(sends(switching('websocket')));
    await using worker = await startWorker(YAML(backend.url));

    const answer = await askOnce(worker.port, WEBSOCKET.replace('GET /', 'GET /admin'));

    expect(answer.status).toBe(403);
    expect(backend.peers).toHaveLength(0);
  });

  test.each([
    ['refuses', 'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'],
    ['says nothing', ''],
  ])(
    'hold for a request behind an upgrade with a false version that the backend %s',
    async (_what, bytes) => {
      await using backend = await scriptedBackend(answers(bytes));
      await using worker = await startWorker(
        YAML(backend.url).replace('"web":{', '"web":{"timeouts":{"response":"150ms"},'),
      );
      const falseVersion = upgrade('websocket', 'Sec-WebSocket-Version: 777\r\n');

      await askOnce(worker.port, `${falseVersion}GET /admin HTTP/1.1\r\nHost: s\r\n\r\n`);
      await askOnce(worker.port, GET);

      for (const peer of backend.peers) expect(peer.text).not.toContain('admin');
    },
  );
});

test.each(['FIN', 'RST'])(
  'a client that leaves (%s) before the 101: the backend sees it at once',
  async (end) => {
    await using log = await accessLines();
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
    });
    await using worker = await startWorker(log.yaml + poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(WEBSOCKET);
    await eventually(() => expect(backend.peers).toHaveLength(1));

    if (end === 'FIN') client.socket.destroy();
    else client.reset();
    await backend.peers[0]?.untilEnded();
    const [line] = await log.atLeast(1);

    expect(line).toMatchObject({ status: 499, reason: 'client_closed' });
    await eventually(() => expect(metricTotal(worker.messages, 'lb_backend_in_flight')).toBe(0));
  },
);
