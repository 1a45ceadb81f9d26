/** Answers as they pass: interim ones, trailers, fields, framing, and nothing of one in the next. */
import http from 'node:http';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend, sends, sendsAndEnds } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const KEPT_GET = 'GET / HTTP/1.1\r\nHost: site\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n';

describe('bytes behind an answer', () => {
  const POISON = 'HTTP/1.1 200 POISON\r\nContent-Length: 6\r\n\r\npoison';

  test.each([
    ['a whole answer', POISON],
    ['half an answer', 'HTTP/1.1 200 POI'],
    ['garbage', '\0\0\0\0'],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: </p>; rel=preload\r\n\r\n'],
  ])('%s: no later client sees them', async (_what, extra) => {
    await using backend = await scriptedBackend([answers(ok('ok') + extra), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));

    const first = await askOnce(worker.port, GET);
    const second = await askOnce(worker.port, GET);
    const third = await askOnce(worker.port, GET);

    expect(first).toMatchObject({ status: 200, body: Buffer.from('ok') });
    expect(second.body.toString()).not.toContain('poison');
    expect(second.startLine).toBe('HTTP/1.1 200 OK');
    expect(third.body.toString()).toMatch(/^(ok|clean)$/);
  });

  test('that come while the connection is idle: it is not used again', async () => {
    await using backend = await scriptedBackend([answers(ok('ok')), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));
    await askOnce(worker.port, GET);

    backend.peers[0]?.send(POISON);
    await backend.peers[0]?.untilEnded();

    expect((await askOnce(worker.port, GET)).body.toString()).toBe('clean');
  });

  test.each([
    ['204', GET, false],
    ['304', GET, false],
    ['200', HEAD, true],
  ])('%s with a body it cannot have: the body is ignored', async (status, request, isHead) => {
    const withBody = `HTTP/1.1 ${status} S\r\nContent-Length: 6\r\n\r\npoison`;
    await using backend = await scriptedBackend([answers(withBody), answers(ok('clean'))]);
    await using worker = await startWorker(poolYaml([backend.url]));

    const first = await askOnce(worker.port, request, isHead);
    const second = await askOnce(worker.port, GET);

    expect(first.status).toBe(Number(status));
    expect(first.size).toBe(
      first.startLine.length +
        first.fields.map(([n, v]) => n.length + v.length + 4).reduce((a, b) => a + b, 0) +
        4,
    );
    expect(second.body.toString()).toBe('clean');
  });
});

describe('interim answers', () => {
  test('two hundred of them before the answer', async () => {
    const many = 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(200);
    await using backend = await scriptedBackend(answers(many + ok('at last')));
    await using worker = await startWorker(poolYaml([backend.url]));

    using client = await connectRaw(worker.port);
    client.send(GET);
    await client.untilEnded();

    expect(client.text).toMatch(/HTTP\/1\.1 200 OK[^]*at last$/);
  });

  test.each([
    ['one link', ['Link: </a.css>; rel=preload; as=style']],
    ['two fields', ['Link: </a.css>; rel=preload', 'link: </b.js>; rel=preload']],
    ['two links in one field', ['Link: </a.css>; rel=preload, </b.js>; rel="preload"; as=script']],
    ['a title with spaces', ['Link: </a>; rel=next; title="the next one"']],
    ['what is no link', ['Link: what?']],
    ['other fields beside it', ['Link: </a.css>; rel=preload', 'X-Note: early']],
  ])('103 with %s reaches the client before the answer', async (_what, fields) => {
    const hints = `HTTP/1.1 103 Early Hints\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
    await using backend = await scriptedBackend(sends(hints));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(GET);

    const early = await client.takeHead();
    backend.peers[0]?.send(ok('done'));
    const answer = await client.takeMessage();

    expect(early).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n/);
    for (const field of fields) expect(early).toContain(`${field}\r\n`);
    expect(answer?.body.toString()).toBe('done');
  });

  test('hop-by-hop fields of 103 end here', async () => {
    const hints =
      'HTTP/1.1 103 E\r\nLink: </a>; rel=preload\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n';
    await using backend = await scriptedBackend(answers(hints + ok('done')));
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(GET);

    expect((await client.takeHead())?.toLowerCase()).not.toContain('hop');
  });

  test('a client of HTTP/1.0 gets none', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n';
    await using backend = await scriptedBackend(answers(hints + ok('done')));
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(worker.port, 'GET / HTTP/1.0\r\n\r\n');

    expect(answer.status).toBe(200);
  });

  test('of two pipelined requests: the hints of the second do not come before the answer of the first', async () => {
    await using first = await scriptedBackend(sends(''));
    await using second = await scriptedBackend(
      answers(`HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n${ok('two')}`),
    );
    await using worker = await startWorker(
      `routes: [{ match: { paths: ["/1"] }, pool: a }, { match: { paths: ["/2"] }, pool: b }]\n` +
        `pools: { a: { backends: ["${first.url}"] }, b: { backends: ["${second.url}"] } }\n`,
    );
    using client = await connectRaw(worker.port);
    client.send('GET /1 HTTP/1.1\r\nHost: s\r\n\r\nGET /2 HTTP/1.1\r\nHost: s\r\n\r\n');
    await eventually(() => expect(second.peers).toHaveLength(1));

    first.peers[0]?.send(ok('one'));
    await client.untilText('two');

    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('trailers', () => {
  test('of an answer reach the client', async () => {
    await using backend = await scriptedBackend(
      answers(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(worker.port, GET);

    expect(answer).toMatchObject({ isComplete: true, trailers: [['X-Sum', '42']] });
    expect(valueOf(answer.fields, 'trailer')).toBe('X-Sum');
  });

  test('of a request reach the backend', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      const request = await peer.takeMessage();
      peer.send(ok(JSON.stringify(request?.trailers)));
    });
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(
      worker.port,
      'POST / HTTP/1.1\r\nHost: s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
        '2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
    );

    expect(JSON.parse(answer.body.toString())).toEqual([['X-Sum', '42']]);
  });

  test('that would be framing or credentials are dropped', async () => {
    await using backend = await scriptedBackend(
      answers(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: x\r\nSet-Cookie: a=b\r\nX-Sum: 1\r\n\r\n',
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    expect((await askOnce(worker.port, GET)).trailers).toEqual([['X-Sum', '1']]);
  });

  test.each([
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTrailer: X-Sum\r\n\r\nok'],
    ['204', 'HTTP/1.1 204 No Content\r\nTrailer: X-Sum\r\n\r\n'],
    ['304', 'HTTP/1.1 304 Not Modified\r\nTrailer: X-Sum\r\n\r\n'],
  ])('a Trailer field beside %s does no harm', async (_what, bytes) => {
    await using backend = await scriptedBackend(answers(bytes));
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(worker.port, GET);

    expect(answer.startLine.slice(9, 12)).toBe(bytes.slice(9, 12));
    expect(valueOf(answer.fields, 'trailer')).toBeUndefined();
  });
});

describe('fields of an answer', () => {
  test('hop-by-hop ones and those that Connection names end here', async () => {
    await using backend = await scriptedBackend(
      answers(
        ok(
          'ok',
          'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=99\r\nProxy-Authenticate: Basic\r\n' +
            'Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTE: trailers\r\nX-End: 2\r\n',
        ),
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const { fields } = await askOnce(worker.port, GET);

    const names = fields.map(([name]) => name.toLowerCase());
    expect(names).toContain('x-end');
    for (const gone of [
      'x-hop',
      'proxy-authenticate',
      'proxy-connection',
      'upgrade',
      'te',
      'keep-alive',
    ])
      expect(names).not.toContain(gone);
    expect(valueOf(fields, 'connection')).toBe('close');
  });

  test('Connection may not name what a client relies on', async () => {
    await using backend = await scriptedBackend(
      answers(ok('ok', 'Connection: Content-Length, keep-alive\r\n')),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    expect(valueOf((await askOnce(worker.port, GET)).fields, 'content-length')).toBe('2');
  });

  test('every Set-Cookie stays a field of its own, in order', async () => {
    await using backend = await scriptedBackend(
      answers(
        ok('ok', 'Set-Cookie: a=1; Path=/\r\nX: y\r\nset-cookie: b=2, c\r\nSet-Cookie: d=3\r\n'),
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const { fields } = await askOnce(worker.port, GET);

    const cookies = fields.filter(([name]) => name.toLowerCase() === 'set-cookie');
    expect(cookies.map(([, value]) => value)).toEqual(['a=1; Path=/', 'b=2, c', 'd=3']);
  });

  test('a field called __proto__ is a field', async () => {
    await using backend = await scriptedBackend(answers(ok('ok', '__proto__: x\r\n')));
    await using worker = await startWorker(poolYaml([backend.url]));

    expect(valueOf((await askOnce(worker.port, GET)).fields, '__proto__')).toBe('x');
  });

  test('the length of an answer to HEAD is the backend’s', async () => {
    await using backend = await scriptedBackend(
      answers('HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n'),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const { fields } = await askOnce(worker.port, HEAD, true);

    expect(valueOf(fields, 'content-length')).toBe('12345');
  });

  test('the reason phrase is the backend’s', async () => {
    await using backend = await scriptedBackend(
      answers('HTTP/1.1 418 I am \xe9 teapot\r\nContent-Length: 0\r\n\r\n'),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    expect((await askOnce(worker.port, GET)).startLine).toBe('HTTP/1.1 418 I am \xe9 teapot');
  });
});

describe('bodies of an answer', () => {
  test('a backend of HTTP/1.0 ends them with its connection', async () => {
    await using backend = await scriptedBackend(
      sendsAndEnds('HTTP/1.0 200 OK\r\n\r\nold but whole'),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const chunked = await askOnce(worker.port, GET);
    const toTheClose = await askOnce(worker.port, 'GET / HTTP/1.0\r\n\r\n');

    expect(chunked).toMatchObject({
      framing: 'chunked',
      isComplete: true,
      body: Buffer.from('old but whole'),
    });
    expect(toTheClose).toMatchObject({
      framing: 'close',
      wasReset: false,
      body: Buffer.from('old but whole'),
    });
  });

  test('a head whose body waits arrives at once, and every event as it comes', async () => {
    await using backend = await scriptedBackend(
      sends(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send(GET);

    const head = await client.takeHead();
    backend.peers[0]?.send('8\r\ndata: 1\n\r\n');
    await client.untilText('data: 1');
    backend.peers[0]?.send('8\r\ndata: 2\n\r\n');
    await client.untilText('data: 2');

    expect(head).toContain('text/event-stream');
  });
});

const EARLY = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig';

describe('an answer that comes before the request is whole', () => {
  test('may come before any of the body', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.takeHead();
      peer.send(EARLY);
    });
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);

    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\n');

    expect((await client.takeMessage())?.startLine).toContain('413');
  });

  test('is passed on, the rest is not sent, and the connection to the backend ends', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\nstart');

    const answer = await client.takeMessage();
    await backend.peers[0]?.untilEnded();
    const received = backend.peers[0]?.bytes.length ?? 0;
    client.send('x'.repeat(100_000 - 5));
    client.send(KEPT_GET);
    const next = await Promise.race([client.takeMessage(), client.untilEnded()]);

    expect(answer?.startLine).toContain('413');
    expect(received).toBeLessThanOrEqual(5);
    // Either the connection is at a message boundary and serves, or it is closed.
    if (next !== undefined) expect(next.body.toString()).toBe('next');
  });

  test('reaches a client that goes on sending far more than anybody reads', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    const agent = new http.Agent({ keepAlive: true });
    const upload = http.request({ port: worker.port, host: '127.0.0.1', agent, method: 'POST' });
    const answered = once(upload, 'response') as Promise<[http.IncomingMessage]>;
    const failed = new Promise((resolve) => upload.on('error', resolve));
    const block = Buffer.alloc(64 * 1024);
    const pump = (): void => {
      while (!upload.destroyed && upload.write(block));
      upload.once('drain', pump);
    };
    pump();

    const [response] = await answered;
    response.resume();
    await failed;
    agent.destroy();

    expect(response.statusCode).toBe(413);
    expect((await askOnce(worker.port, GET)).body.toString()).toBe('next');
  });

  test('serves the next request on the same connection when the rest comes after all', async () => {
    await using backend = await scriptedBackend([
      async (peer) => {
        await peer.takeHead();
        peer.send(EARLY);
      },
      answers(ok('next')),
    ]);
    await using worker = await startWorker(poolYaml([backend.url]));
    using client = await connectRaw(worker.port);
    client.send('POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 10\r\n\r\nstart');
    await client.takeMessage();

    client.send(`-rest${KEPT_GET}`);
    const next = await client.takeMessage();

    expect(next?.body.toString()).toBe('next');
  });
});
