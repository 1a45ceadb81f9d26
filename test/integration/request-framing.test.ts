import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { expectRefused } from '../support/expect-refused.ts';
import { startFront } from '../support/front.ts';
import { RawClient, ask, requestText } from '../support/raw-client.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: lb.test\r\n\r\n';

/** A chunked POST with this behind its head. */
function chunked(body: string): string {
  return requestText('POST /', ['Transfer-Encoding: chunked'], body);
}

describe('the length of a request', () => {
  test('refuses Content-Length beside Transfer-Encoding', async () => {
    await expectRefused(
      requestText('POST /', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    );
  });

  test('refuses Transfer-Encoding beside Content-Length', async () => {
    await expectRefused(
      requestText('POST /', ['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    );
  });

  test.each([
    ['different', ['Content-Length: 5', 'Content-Length: 6']],
    ['equal', ['Content-Length: 5', 'Content-Length: 5']],
  ])('refuses two %s Content-Length fields', async (_how, fields) => {
    await expectRefused(requestText('POST /', fields, 'hello'));
  });

  test.each(['5, 5', '5,6', '+5', '-5', '0x5', '5 5', '', '5.0', '1e1', '99999999999999999999'])(
    'refuses the Content-Length %p',
    async (length) => {
      await expectRefused(requestText('POST /', [`Content-Length: ${length}`], 'hello'));
    },
  );

  test.each([
    'gzip, chunked',
    'identity, chunked',
    ', chunked',
    'chunked,',
    'chunked, identity',
    'chunked, chunked',
    'xchunked',
    'chunkedx',
    'identity',
    'chunked;q=1',
    '"chunked"',
    '',
    '\x0bchunked',
    '\x0cchunked',
    'chunked\0',
  ])('refuses the Transfer-Encoding %p', async (coding) => {
    await expectRefused(requestText('POST /', [`Transfer-Encoding: ${coding}`], '0\r\n\r\n'));
  });

  test.each([['chunked'], ['gzip'], ['identity']])(
    'refuses a second Transfer-Encoding field that says %s',
    async (second) => {
      await expectRefused(
        requestText(
          'POST /',
          ['Transfer-Encoding: chunked', `Transfer-Encoding: ${second}`],
          '0\r\n\r\n',
        ),
      );
    },
  );

  test('refuses Transfer-Encoding in HTTP/1.0', async () => {
    await expectRefused(
      'POST / HTTP/1.0\r\nHost: lb.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
  });

  test.each(['Transfer-Encoding : chunked', ' Transfer-Encoding: chunked', 'Content-Length : 5'])(
    'refuses the field line %p',
    async (line) => {
      await expectRefused(requestText('POST /', ['X-Before: 1', line], '0\r\n\r\n'));
    },
  );

  test.each(['\tchunked', 'chunked ', 'CHUNKED'])(
    'writes the legal Transfer-Encoding %p anew',
    async (coding) => {
      await using front = await startFront();
      await ask(
        front.port,
        requestText('POST /', [`Transfer-Encoding:${coding}`], '5\r\nhello\r\n0\r\n\r\n'),
      );
      expect(valuesOf(front.backend.only, 'transfer-encoding')).toEqual(['chunked']);
      expect(front.backend.only.body).toBe('hello');
    },
  );

  test('passes a body with Content-Length as it is', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('POST /', ['Content-Length: 005'], 'hello'));
    expect(valuesOf(front.backend.only, 'content-length')).toEqual(['5']);
    expect(front.backend.only.body).toBe('hello');
  });

  test('takes Content_Length for the unknown name that it is', async () => {
    await using front = await startFront();
    await ask(
      front.port,
      requestText('POST /', ['Content-Length: 5', 'Content_Length: 99'], 'hello'),
    );
    expect(front.backend.only.body).toBe('hello');
  });
});

describe('a chunked request', () => {
  test.each([
    ['0x5\r\nhello\r\n0\r\n\r\n'],
    ['+5\r\nhello\r\n0\r\n\r\n'],
    ['-5\r\nhello\r\n0\r\n\r\n'],
    ['5_0\r\nhello\r\n0\r\n\r\n'],
    [' 5\r\nhello\r\n0\r\n\r\n'],
    ['5 \r\nhello\r\n0\r\n\r\n'],
    ['5;\r\nhello\r\n0\r\n\r\n'],
    ['5;\nhello\r\n0\r\n\r\n'],
    ['5\r\r;a\r\nhello\r\n0\r\n\r\n'],
    ['5;a\0b\r\nhello\r\n0\r\n\r\n'],
    ['5;a="b\r\nhello\r\n0\r\n\r\n'],
    ['10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n'],
    ['\r\nhello\r\n0\r\n\r\n'],
    ['5\nhello\r\n0\r\n\r\n'],
    ['5\r\nhello\n0\r\n\r\n'],
    ['5\r\nhelloworld\r\n0\r\n\r\n'],
    ['5\r\nhello0\r\n\r\n'],
    ['5\r\nhello\r\n0\r\nX: a\n\r\n'],
    ['5\r\nhello\r\n0\r\nX : a\r\n\r\n'],
    ['5\r\nhello\r\n0\r\nno colon\r\n\r\n'],
  ])('refuses the body %j', async (body) => {
    await expectRefused(chunked(body));
  });

  test('refuses a malformed chunk that comes after its head has gone to the backend', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send(chunked('5\r\nhello\r\n'));
    await eventually(() => expect(front.backend.connections).toHaveLength(1));
    client.send('oops\r\n');
    const answers = await client.untilClosed();
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(front.backend.requests).toEqual([]);
  });

  test('closes behind the 404 for a head whose body, in the same packet, is malformed', async () => {
    await expectRefused(chunked('zz\r\n'), 404, {
      config: 'routes: [{ match: { paths: [/api] }, pool: web }]',
    });
  });

  test('limits what chunk extensions may amount to', async () => {
    await expectRefused(chunked(`5;a=${'b'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`), 413);
  });

  test('limits the extensions of many small chunks together', async () => {
    await expectRefused(chunked(`1;a=${'b'.repeat(100)}\r\nx\r\n`.repeat(5_000)), 413);
  });

  test('takes a body of many chunks of one byte', async () => {
    await using front = await startFront();
    await ask(front.port, chunked(`${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`));
    expect(front.backend.only.body).toHaveLength(20_000);
  });

  test.each(['Content-Length: 5', 'Transfer-Encoding: chunked', 'Content-Length: 5\r\nHost: evil'])(
    'refuses the trailer %j',
    async (line) => {
      await expectRefused(chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`));
    },
  );

  test('never passes chunk extensions on', async () => {
    await using front = await startFront();
    await ask(front.port, chunked('5;name="secret; x";y\r\nhello\r\n0;last=1\r\n\r\n'));
    expect(String(front.backend.connections[0])).not.toMatch(/secret|last/);
    expect(front.backend.only.body).toBe('hello');
  });

  test('reads a request that comes byte by byte', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    for (const byte of chunked('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n')) client.send(byte);
    await client.response();
    expect(front.backend.only).toMatchObject({ body: 'hello', trailers: [['X-T', '1']] });
  });

  test('passes harmless trailers', async () => {
    await using front = await startFront();
    await ask(front.port, chunked('5\r\nhello\r\n0\r\nX-Checksum: 1234\r\n\r\n'));
    expect(front.backend.only.trailers).toEqual([['X-Checksum', '1234']]);
  });

  test.each([
    'Host: evil.test',
    'Content_Length: 5',
    'Authorization: Basic eA==',
    'Cookie: a=b',
    'X-Forwarded-For: 192.0.2.1',
    'X_Forwarded_For: 192.0.2.1',
    'X-Real-IP: 192.0.2.1',
    'X-Request-Id: mine',
    'Connection: close',
    'Via: 1.1 lb',
    'Set-Cookie: a=b',
    'Trailer: x',
  ])('keeps the trailer %p from the backend', async (line) => {
    await using front = await startFront();
    await ask(front.port, chunked(`5\r\nhello\r\n0\r\n${line}\r\nX-Fine: 1\r\n\r\n`));
    expect(front.backend.only.trailers).toEqual([['X-Fine', '1']]);
    expect(valuesOf(front.backend.only, 'host')).toEqual(['lb.test']);
  });

  test.each(['DELETE', 'OPTIONS', 'GET', 'PUT', 'PATCH', 'PROPFIND'])(
    'passes a request in the body of a chunked %s as a body',
    async (method) => {
      await using front = await startFront();
      const size = HIDDEN.length.toString(16);
      await ask(
        front.port,
        requestText(
          `${method} /open`,
          ['Transfer-Encoding: chunked'],
          `${size}\r\n${HIDDEN}\r\n0\r\n\r\n`,
        ),
      );
      expect(front.backend.only).toMatchObject({ method, target: '/open', body: HIDDEN });
      expect(front.backend.violations).toEqual([]);
    },
  );

  test('passes a request in the body of a chunked HEAD as a body', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port, true);
    const size = HIDDEN.length.toString(16);
    client.send(
      requestText(
        'HEAD /open',
        ['Transfer-Encoding: chunked'],
        `${size}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      ),
    );
    await client.response();
    expect(front.backend.only).toMatchObject({ method: 'HEAD', body: HIDDEN });
  });
});
