import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { expectRefused } from '../support/expect-refused.ts';
import { startFront } from '../support/front.ts';
import { RawClient, ask, askUntilClosed, requestText } from '../support/raw-client.ts';

/** A request whose head has exactly this many bytes. */
function headOf(bytes: number): string {
  const bare = requestText('GET /', ['X-Fill: ']).length;
  return requestText('GET /', [`X-Fill: ${'x'.repeat(bytes - bare)}`]);
}

describe('the head of a request', () => {
  test('passes below maxHeaderSize', async () => {
    await using front = await startFront({ limits: '{ maxHeaderSize: 4KiB }' });
    expect((await ask(front.port, headOf(4_000))).status).toBe(200);
  });

  test('is refused with 431 above maxHeaderSize', async () => {
    await expectRefused(headOf(4_200), 431, { limits: '{ maxHeaderSize: 4KiB }' });
  });

  test('is refused with 431 when its target alone is too long', async () => {
    await expectRefused(requestText(`GET /${'a'.repeat(40_000)}`), 431);
  });

  test('is refused with 431 before it ends when it never ends', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send('GET / HTTP/1.1\r\nHost: lb.test\r\n');
    for (let i = 0; i < 100; i++) client.send(`X-${i}: ${'x'.repeat(1_000)}\r\n`);
    const answers = await client.untilClosed();
    expect(answers.map(({ status }) => status)).toEqual([431]);
  });

  test('passes with exactly maxHeaders fields', async () => {
    await using front = await startFront({ limits: '{ maxHeaders: 10 }' });
    const fields = Array.from({ length: 9 }, (_, i) => `X-${i}: 1`);
    expect((await ask(front.port, requestText('GET /', fields))).status).toBe(200);
  });

  test('is refused with 431 with one field more', async () => {
    const fields = Array.from({ length: 10 }, (_, i) => `X-${i}: 1`);
    await expectRefused(requestText('GET /', fields), 431, { limits: '{ maxHeaders: 10 }' });
  });

  test('is counted field by field when all have one name', async () => {
    const fields = Array.from({ length: 200 }, () => 'Cookie: a=b');
    await expectRefused(requestText('GET /', fields), 431);
  });

  test('is refused with 408 when only half of it comes in time', async () => {
    const limits = '{ headerTimeout: 100ms }';
    await expectRefused('GET / HTTP/1.1\r\nHost: lb.test\r\nX-Half: ', 408, { limits });
  });

  test('is refused with 408 when it comes byte by byte beyond the time', async () => {
    await using front = await startFront({ limits: '{ headerTimeout: 300ms }' });
    using client = await RawClient.connect(front.port);
    const drip = setInterval(() => client.send('x'), 20);
    client.send('GET /');
    const answers = await client.untilClosed();
    clearInterval(drip);
    expect(answers.map(({ status }) => status)).toEqual([408]);
  });

  test('is refused with 408 as the second one of a connection, too', async () => {
    await using front = await startFront({ limits: '{ headerTimeout: 100ms }' });
    const answers = await askUntilClosed(front.port, `${requestText('GET /a')}GET /b HT`);
    expect(answers.map(({ status }) => status)).toEqual([200, 408]);
  });

  test('need not come at all: an idle connection is closed without an answer', async () => {
    await using front = await startFront({ limits: '{ headerTimeout: 100ms }' });
    expect(await askUntilClosed(front.port, '')).toEqual([]);
  });
});

describe('an idle connection', () => {
  test('is closed after keepAliveTimeout', async () => {
    await using front = await startFront({ limits: '{ keepAliveTimeout: 50ms }' });
    const answers = await askUntilClosed(front.port, requestText('GET /'));
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  test('is closed after maxRequestsPerConnection requests', async () => {
    await using front = await startFront({ limits: '{ maxRequestsPerConnection: 2 }' });
    using client = await RawClient.connect(front.port);
    client.send(requestText('GET /1'));
    await client.responses(1);
    client.send(requestText('GET /2'));
    const answers = await client.untilClosed();
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("is closed at once above the listener's limit of connections", async () => {
    await using front = await startFront({ limits: '{ connections: 1 }' });
    using first = await RawClient.connect(front.port);
    first.send(requestText('GET /'));
    await first.response();
    expect(await askUntilClosed(front.port, requestText('GET /'))).toEqual([]);
    first.send(requestText('GET /'));
    expect(await first.responses(2)).toHaveLength(2);
  });
});

describe('the body of a request', () => {
  const limits = '{ maxBody: 1000B, bodyIdleTimeout: 200ms }';
  const chunk = (size: number): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;

  test('passes with exactly maxBody announced bytes', async () => {
    await using front = await startFront({ limits });
    const text = requestText('POST /', ['Content-Length: 1000'], 'x'.repeat(1_000));
    expect((await ask(front.port, text)).status).toBe(200);
    expect(front.backend.only.body).toHaveLength(1_000);
  });

  test('is refused with 413 for one byte more, before it is sent', async () => {
    await expectRefused(requestText('POST /', ['Content-Length: 1001']), 413, { limits });
  });

  test('passes with exactly maxBody chunked bytes', async () => {
    await using front = await startFront({ limits });
    const body = `${chunk(600)}${chunk(400)}0\r\n\r\n`;
    const text = requestText('POST /', ['Transfer-Encoding: chunked'], body);
    expect((await ask(front.port, text)).status).toBe(200);
    expect(front.backend.only.body).toHaveLength(1_000);
  });

  test('is refused with 413 for one chunked byte more, and the backend sees no end of it', async () => {
    const body = `${chunk(600)}${chunk(401)}0\r\n\r\n`;
    await expectRefused(requestText('POST /', ['Transfer-Encoding: chunked'], body), 413, {
      limits,
    });
  });

  test('has the limit of its route where that has one', async () => {
    const config =
      'routes: [{ match: { paths: [/big] }, maxBody: 2000B, pool: web }, { pool: web }]';
    await using front = await startFront({ limits, config });
    const text = (target: string): string =>
      requestText(`POST ${target}`, ['Content-Length: 1500'], 'x'.repeat(1_500));
    expect((await ask(front.port, text('/big'))).status).toBe(200);
    expect((await ask(front.port, text('/other'))).status).toBe(413);
  });

  test('is refused with 408 when it stops half-way', async () => {
    await expectRefused(requestText('POST /', ['Content-Length: 10'], 'half'), 408, { limits });
  });

  test('is refused with 408 when its end never comes', async () => {
    const text = requestText('POST /', ['Transfer-Encoding: chunked'], chunk(5));
    await expectRefused(text, 408, { limits });
  });

  test('leaves the backend without a whole request when the client goes away', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send(requestText('POST /', ['Content-Length: 10'], 'half'));
    await eventually(() => expect(front.backend.connections).toHaveLength(1));
    client.socket.destroy();
    expect((await ask(front.port, requestText('GET /after'))).body).toBe('GET /after');
    expect(front.backend.requests.map(({ target }) => target)).toEqual(['/after']);
  });
});
