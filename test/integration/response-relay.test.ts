/** Answers as they pass: interim ones, trailers, bodies as they come. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend, sends, sendsAndEnds } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

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

  test('of two pipelined requests: those of the second come behind the answer of the first', async () => {
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
    await eventually(() => expect(first.peers).toHaveLength(1));

    first.peers[0]?.send(ok('one'));
    await client.untilText('two');

    expect(client.text).toMatch(/one(?=HTTP\/1\.1 103 )/);
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
