import { describe, expect, test } from '@jest/globals';
import { startFront } from '../support/front.ts';
import { RawClient, askUntilClosed, requestText } from '../support/raw-client.ts';

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: lb.test\r\n\r\n';
const AFTER = requestText('GET /after', ['Connection: close']);
/** Slot of the only backend of the pool `nobody`. */
const NOBODY = 1;
const CONFIG = `
routes:
  - { match: { paths: [/fixed] }, respond: { status: 200, body: fixed } }
  - { match: { paths: [/moved] }, redirect: { to: "http://a.test/" } }
  - { match: { paths: [/denied] }, access: { deny: [127.0.0.0/8] }, pool: web }
  - { match: { paths: [/small] }, maxBody: 10B, pool: web }
  - { match: { paths: [/nobody] }, pool: nobody }
  - { match: { paths: [/open, /after, /hidden] }, pool: web }
`;
const FRONT = { config: CONFIG, morePools: ', nobody: { backends: ["http://127.0.0.1:9"] }' };

describe('pipelining', () => {
  test('answers ten requests of one packet in their order', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send(Array.from({ length: 10 }, (_, i) => requestText(`GET /${i}`)).join(''));
    const answers = await client.responses(10);
    expect(answers.map(({ body }) => body)).toEqual(
      Array.from({ length: 10 }, (_, i) => `GET /${i}`),
    );
  });

  test('answers four requests, refuses the malformed fifth, and reads none behind it', async () => {
    await using front = await startFront();
    const requests = Array.from({ length: 10 }, (_, i) =>
      requestText(`GET /${i}`, i === 4 ? ['X : malformed'] : []),
    );
    const answers = await askUntilClosed(front.port, requests.join(''));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400]);
    expect(answers.slice(0, 4).map(({ body }) => body)).toEqual(
      ['/0', '/1', '/2', '/3'].map((target) => `GET ${target}`),
    );
    expect(front.backend.requests.map(({ target }) => target).sort()).toEqual([
      '/0',
      '/1',
      '/2',
      '/3',
    ]);
  });

  test('answers four requests, refuses a fifth that only the balancer refuses, and reads none behind it', async () => {
    await using front = await startFront();
    const requests = Array.from({ length: 10 }, (_, i) =>
      requestText(`GET /${i}`, i === 4 ? ['Host: again'] : []),
    );
    const answers = await askUntilClosed(front.port, requests.join(''));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 400]);
    expect(front.backend.requests.map(({ target }) => target)).not.toContain('/5');
  });

  test('does not cut an answer that is due for one that leaves its body unread', async () => {
    await using front = await startFront(FRONT);
    const unread = requestText('POST /denied', ['Content-Length: 5000000']);
    const answers = await askUntilClosed(front.port, `${requestText('GET /open')}${unread}a piece`);
    expect(answers.map(({ status }) => status)).toEqual([200, 403]);
  });

  test('serves an upgrade behind an unanswered request as a plain one, and keeps the order', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send(
      requestText('GET /0') + requestText('GET /1', ['Connection: Upgrade', 'Upgrade: x']),
    );
    const answers = await client.responses(2);
    expect(answers.map(({ body }) => body)).toEqual(['GET /0', 'GET /1']);
  });

  test('refuses a CONNECT behind an unanswered request in its turn', async () => {
    await using front = await startFront();
    const connect = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n';
    const answers = await askUntilClosed(front.port, requestText('GET /0') + connect);
    expect(answers.map(({ status }) => status)).toEqual([200, 405]);
  });

  test('keeps the order when a later answer is ready first', async () => {
    await using front = await startFront(FRONT);
    const answers = await askUntilClosed(
      front.port,
      requestText('GET /open') + requestText('GET /fixed') + AFTER,
    );
    expect(answers.map(({ body }) => body)).toEqual(['GET /open', 'fixed', 'GET /after']);
  });

  test('reads nothing behind a request that closes', async () => {
    await using front = await startFront();
    const answers = await askUntilClosed(
      front.port,
      requestText('GET /a', ['Connection: close']) + requestText('GET /b'),
    );
    expect(answers.map(({ body }) => body)).toEqual(['GET /a']);
    expect(front.backend.requests.map(({ target }) => target)).toEqual(['/a']);
  });

  test('keeps an HTTP/1.0 connection only for a client that asks for it', async () => {
    await using front = await startFront();
    const once = 'GET /a HTTP/1.0\r\nHost: lb.test\r\n\r\n';
    expect(await askUntilClosed(front.port, once)).toHaveLength(1);
    const twice = once.replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n') + once;
    expect(await askUntilClosed(front.port, twice)).toHaveLength(2);
  });
});

describe('a body that holds a request', () => {
  test.each([
    ['/fixed', 200],
    ['/moved', 308],
    ['/denied', 403],
    ['/nothing', 404],
    ['/small', 413],
    ['/nobody', 503],
    ['/open', 200],
  ])('is never executed when it came to %s', async (target, status) => {
    await using front = await startFront(FRONT);
    front.worker.setState(NOBODY, 'down');
    const answers = await askUntilClosed(
      front.port,
      requestText(`POST ${target}`, [`Content-Length: ${HIDDEN.length}`], HIDDEN) + AFTER,
    );
    expect(answers[0]?.status).toBe(status);
    expect(answers.slice(1).map(({ body }) => body)).not.toContain('GET /hidden');
    expect(front.backend.requests.map((request) => request.target)).not.toContain('/hidden');
  });

  test.each(['/fixed', '/denied', '/nothing', '/small'])(
    'is never executed when it came to %s in a packet of its own',
    async (target) => {
      await using front = await startFront(FRONT);
      using client = await RawClient.connect(front.port);
      client.send(requestText(`POST ${target}`, [`Content-Length: ${HIDDEN.length}`]));
      await client.response();
      client.send(HIDDEN + AFTER);
      const answers = await client.untilClosed();
      expect(answers.map(({ body }) => body)).not.toContain('GET /hidden');
      expect(front.backend.requests.map((request) => request.target)).not.toContain('/hidden');
    },
  );

  test('closes the connection of a client that goes on sending after its refusal', async () => {
    await using front = await startFront(FRONT);
    using client = await RawClient.connect(front.port);
    client.send(requestText('POST /nothing', ['Content-Length: 9000000']));
    await client.response();
    client.send('x'.repeat(3_000_000));
    const answers = await client.untilClosed();
    expect(answers.map(({ status }) => status)).toEqual([404]);
  });
});

describe('Expect', () => {
  test('answers 100 once and passes the body that follows', async () => {
    await using front = await startFront();
    using client = await RawClient.connect(front.port);
    client.send(requestText('POST /open', ['Expect: 100-continue', 'Content-Length: 5']));
    await client.untilReceived('100 Continue\r\n\r\n');
    client.send(`hello${AFTER}`);
    const answers = await client.untilClosed();
    expect(answers.map(({ status }) => status)).toEqual([100, 200, 200]);
    expect(front.backend.requests.map(({ body }) => body)).toEqual(['hello', '']);
    expect(String(front.backend.connections[0])).not.toMatch(/expect/i);
  });

  test('answers a body that did not wait, and the request behind it, in order', async () => {
    await using front = await startFront();
    const answers = await askUntilClosed(
      front.port,
      requestText('POST /open', ['Expect: 100-continue', 'Content-Length: 5'], 'hello') + AFTER,
    );
    expect(answers.filter(({ status }) => status === 200).map(({ body }) => body)).toEqual([
      'POST /open',
      'GET /after',
    ]);
    expect(answers.filter(({ status }) => status === 100).length).toBeLessThanOrEqual(1);
  });

  test('refuses before the body is sent, and closes', async () => {
    await using front = await startFront(FRONT);
    const answers = await askUntilClosed(
      front.port,
      requestText('POST /small', ['Expect: 100-continue', 'Content-Length: 5000']),
    );
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(front.backend.requests).toEqual([]);
  });

  test.each(['y 100-continue', '100-continued', 'something'])(
    'answers 417 to the expectation %p',
    async (value) => {
      await using front = await startFront();
      const answers = await askUntilClosed(
        front.port,
        requestText('POST /', [`Expect: ${value}`, `Content-Length: ${HIDDEN.length}`], HIDDEN) +
          AFTER,
      );
      expect(answers[0]?.status).toBe(417);
      expect(front.backend.requests.map(({ target }) => target)).not.toContain('/hidden');
    },
  );

  test('takes an expectation on a GET without a body', async () => {
    await using front = await startFront();
    const answers = await askUntilClosed(
      front.port,
      requestText('GET /a', ['Expect: 100-continue']) + AFTER,
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  });

  test('sends no 1xx to an HTTP/1.0 client', async () => {
    await using front = await startFront();
    const answers = await askUntilClosed(
      front.port,
      'POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
    );
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });
});
