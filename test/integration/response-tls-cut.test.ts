/** Answers over TLS whose connection somebody cuts: they never look whole (RFC 9112 section 9.8). */
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../support/certificates.ts';
import { parseMessage } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw, GET } from '../support/raw-peer.ts';
import { startCutter, startTlsBackend } from '../support/tls-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const local = createAuthority().issue({ names: ['127.0.0.1'] });

const HEAD = 'HTTP/1.1 200 OK\r\n';

describe('a TLS connection that is cut without a close_notify', () => {
  test.each([
    ['a counted body', `${HEAD}Content-Length: 100\r\n\r\nhalf`],
    ['a chunked body', `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
    ['a body up to the close', `${HEAD}\r\nhalf`],
  ])('in %s: the client sees that the answer is not whole', async (_what, answer) => {
    await using backend = await startTlsBackend(local, (_request, { socket }) =>
      socket?.write(answer),
    );
    await using cutter = await startCutter(backend.port);
    await using worker = await startWorker(poolYaml([cutter.url], { tls: { verify: false } }));
    using client = await connectRaw(worker.port);
    client.send(GET);
    await client.untilText('half');

    cutter.cut();
    await client.untilEnded();

    expect(parseMessage(client.bytes)?.isComplete).toBe(false);
  });
});

test('a body up to the close is not whole after a proper end either: Node does not tell the two apart', async () => {
  await using backend = await startTlsBackend(local, (_request, { socket }) =>
    socket?.end(`${HEAD}\r\nall`),
  );
  await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));
  using client = await connectRaw(worker.port);

  client.send(GET);
  await client.untilEnded();

  expect(parseMessage(client.bytes)?.isComplete ?? false).toBe(false);
});

test('a HEAD without a length is whole', async () => {
  await using backend = await startTlsBackend(local, (_request, { socket }) =>
    socket?.end(`${HEAD}\r\n`),
  );
  await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));

  const { status } = await fetch(worker.url, { method: 'HEAD' });

  expect(status).toBe(200);
});
