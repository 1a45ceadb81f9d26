import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startFront } from '../support/front.ts';
import { okAnswer } from '../support/recording-backend.ts';
import { RawClient, ask, askUntilClosed, requestText } from '../support/raw-client.ts';

/** Control characters, and the C1 ones that terminals obey. */
// oxlint-disable-next-line no-control-regex -- the control characters are the point
const CONTROL = /[\0-\x1f\x7f-\x9f]/;

/** Fields and targets that would like to write lines of their own, or move a reader's cursor. */
const INJECTIONS: readonly string[] = [
  requestText('GET /a%0d%0a%1b[2J?x=%0a', ['User-Agent: a"b\\c', 'Referer: \x9b2J\x85next']),
  requestText('GET /"},{"status":200,"x":"', ['User-Agent: " 200 1 "-" "-"\xe9']),
  requestText('GET /?a="&b=\\', ['Referer: a\tb']),
  'GET /a\x0bb HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x1b[31mred\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\x07b\r\n\r\n',
];

/** The template has whatever a client may fill. */
const FORMATS = [
  'json',
  'combined',
  'ecs',
  `'{method} {path} {query} {host} "{header.user-agent}" {referer}'`,
];

/** What is logged of requests whose every field is long and full of what must be escaped. */
async function linesOfLongRequests(format: string): Promise<string[]> {
  await using front = await startFront({ log: format });
  const units = ['"', '\\', 'x', 'x\xff', '\xff', '"xyz'];
  for (const unit of units) {
    const long = unit.repeat(5_000 / unit.length);
    const target = long.replaceAll('\xff', '"').replaceAll('\\', '"');
    const fields = [`User-Agent: ${long}`, `Referer: ${long}`];
    const lines = [`GET /${target}?${target} HTTP/1.1`, `Host: ${'a'.repeat(5_000)}`, ...fields];
    await ask(front.port, `${lines.join('\r\n')}\r\n\r\n`);
  }
  return await front.readLog(units.length);
}

describe('the access log', () => {
  test.each(FORMATS)(
    'has one line for each request in %s, whatever the request holds',
    async (format) => {
      await using front = await startFront({ log: format });
      for (const text of INJECTIONS) await ask(front.port, text);
      const lines = await front.readLog(INJECTIONS.length);
      expect(lines).toHaveLength(INJECTIONS.length);
      expect(lines.filter((line) => CONTROL.test(line))).toEqual([]);
    },
  );

  test('keeps quotes inside of the fields of a combined line', async () => {
    await using front = await startFront({ log: 'combined' });
    for (const text of INJECTIONS) await ask(front.port, text);
    const shape = /^\S+ - - \[[^\]]+\] "[^"]*" \d{3} \d+ "[^"]*" "[^"]*"$/;
    expect((await front.readLog(INJECTIONS.length)).filter((line) => !shape.test(line))).toEqual(
      [],
    );
  });

  test('says in JSON what the request was', async () => {
    await using front = await startFront({ log: 'json' });
    await ask(
      front.port,
      requestText('POST /a/../b?c=d', ['Content-Length: 5', 'User-Agent: me'], 'hello'),
    );
    const [line = ''] = await front.readLog(1);
    expect(JSON.parse(line)).toMatchObject({
      client: '127.0.0.1',
      listener: 'web',
      method: 'POST',
      host: 'lb.test',
      path: '/b',
      query: 'c=d',
      protocol: 'HTTP/1.1',
      status: 200,
      pool: 'web',
      tries: 1,
      bytes: 11,
      request_bytes: 5,
      user_agent: 'me',
      reason: null,
    });
  });

  test.each(FORMATS)('never has a line in %s that a pipe would tear', async (format) => {
    const lines = await linesOfLongRequests(format);
    expect(lines.filter((line) => Buffer.byteLength(line) >= 4_096)).toEqual([]);
  });

  test.each(['json', 'ecs'])('cuts a long value in %s where no escape is torn', async (format) => {
    const lines = await linesOfLongRequests(format);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toHaveLength(lines.length);
  });

  test('says in the names of ECS what the request was', async () => {
    await using front = await startFront({ log: 'ecs' });
    await ask(
      front.port,
      requestText('POST /a/../b?c=d', ['Content-Length: 5', 'User-Agent: me'], 'hello'),
    );
    await ask(front.port, requestText('GET /', ['X : malformed']));
    const [good, bad] = (await front.readLog(2)).map((line) => JSON.parse(line) as unknown);
    expect(good).toMatchObject({
      '@timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      'log.level': 'info',
      'event.outcome': 'success',
      'http.request.method': 'POST',
      'http.request.body.bytes': 5,
      'http.response.status_code': 200,
      'http.version': '1.1',
      'url.domain': 'lb.test',
      'url.path': '/b',
      'url.query': 'c=d',
      'client.ip': '127.0.0.1',
      'user_agent.original': 'me',
      'lbctl.pool': 'web',
      'lbctl.tries': 1,
    });
    expect(good).not.toHaveProperty('event.reason');
    expect(bad).toMatchObject({
      'event.outcome': 'failure',
      'event.reason': 'bad_request',
      'http.response.status_code': 400,
    });
    expect(bad).not.toHaveProperty('lbctl.pool');
  });

  test('has lines as a template wants them', async () => {
    await using front = await startFront({
      log: `'{client} "{method} {path}?{query}" {status} {bytes} {reason} {header.X-Tenant} {response_header.content-type}'`,
      respond: () => okAnswer('abc', ['Content-Type: text/css']),
    });
    await ask(front.port, requestText('GET /a?b=c', ['X-Tenant: a"b', 'X-Tenant: d']));
    await ask(front.port, requestText('GET /a?b=c', ['X-Tenant: ']));
    expect(await front.readLog(2)).toEqual([
      '127.0.0.1 "GET /a?b=c" 200 3 - a\\x22b, d text/css',
      '127.0.0.1 "GET /a?b=c" 200 3 - - text/css',
    ]);
  });

  test.each([
    ['json', '"trace_id":"TRACE","span_id":"SPAN"'],
    ['ecs', '"trace.id":"TRACE","span.id":"SPAN"'],
    ["'{trace_id}/{span_id}'", 'TRACE/SPAN'],
  ])('says in %s which trace a request belongs to', async (log, shape) => {
    await using front = await startFront({
      log,
      config: 'tracing: { otlp: "http://127.0.0.1:9", sample: 0 }',
    });
    const traceId = 'af7651916cd43dd8448eb211c80319c0';
    await ask(front.port, requestText('GET /', [`traceparent: 00-${traceId}-b7ad6b7169203331-00`]));
    const [line] = await front.readLog(1);
    expect(line).toMatch(
      new RegExp(shape.replace('TRACE', traceId).replace('SPAN', '[\\da-f]{16}')),
    );
  });

  test.each(FORMATS)('shows in %s no value that is to be redacted', async (format) => {
    const log = format.replace(`'{`, `'{header.cookie} {response_header.set-cookie} {`);
    await using front = await startFront({
      log,
      moreLog: ', redact: [cookie, Set-Cookie, user-agent, token, "pass*"]',
      respond: () => okAnswer('', ['Set-Cookie: a=hidden']),
    });
    const fields = [
      'Cookie: a=hidden',
      'User-Agent: hidden',
      'Referer: http://a/?Token=hidden&%74oken=hidden&q=shown',
    ];
    await ask(
      front.port,
      requestText('GET /?q=shown&TOKEN=hidden&token&pass*=hidden&%zz=1', fields),
    );
    // A head that is refused has its target as it came.
    await ask(front.port, 'GET http://other/?token=hidden HTTP/1.1\r\nHost: a\r\n\r\n');
    const lines = (await front.readLog(2)).join('\n');
    expect(lines).toContain('q=shown');
    expect(lines).toContain('token=[redacted]');
    expect(lines).not.toContain('hidden');
  });

  test('keeps every failed request, however few of the others', async () => {
    await using front = await startFront({
      log: 'json',
      moreLog: ', sample: 0',
      respond: ({ target }) =>
        target === '/cut'
          ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nnot a length\r\n'
          : okAnswer(),
    });
    await ask(front.port, requestText('GET /whole'));
    await askUntilClosed(front.port, requestText('GET /cut'));
    const paths = (await front.readLog(1)).map(
      (line) => (JSON.parse(line) as { path: string }).path,
    );
    expect(paths).toEqual(['/cut']);
  });

  test('writes 499 for a client that went away', async () => {
    await using front = await startFront({ log: 'json', respond: () => undefined });
    using client = await RawClient.connect(front.port);
    client.send(requestText('GET /'));
    await eventually(() => expect(front.backend.requests).toHaveLength(1));
    client.socket.destroy();
    await ask(front.port, requestText('OPTIONS *'));
    const lines = (await front.readLog(2)).map((line) => JSON.parse(line) as unknown);
    expect(lines).toContainEqual(
      expect.objectContaining({ status: 499, reason: 'client_closed', method: 'GET' }),
    );
  });

  test('has one line for each of several pipelined requests', async () => {
    await using front = await startFront({ log: 'json' });
    await askUntilClosed(
      front.port,
      requestText('GET /1') + requestText('GET /2') + requestText('GET /3', ['X : malformed']),
    );
    const lines = (await front.readLog(3)).map((line) => JSON.parse(line) as { status: number });
    expect(lines.map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  test('has no line for a connection that brought nothing', async () => {
    await using front = await startFront({ log: 'json', limits: '{ headerTimeout: 50ms }' });
    await askUntilClosed(front.port, '');
    expect(await front.readLog(0)).toEqual([]);
  });
});
