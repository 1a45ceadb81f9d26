import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startFront } from '../support/front.ts';
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

/** What is logged of requests whose every field is long and full of what must be escaped. */
async function linesOfLongRequests(format: 'json' | 'combined'): Promise<string[]> {
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
  test.each(['json', 'combined'] as const)(
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

  test.each(['json', 'combined'] as const)(
    'never has a line in %s that a pipe would tear',
    async (format) => {
      const lines = await linesOfLongRequests(format);
      expect(lines.filter((line) => Buffer.byteLength(line) >= 4_096)).toEqual([]);
    },
  );

  test('cuts a long value where no escape is torn', async () => {
    const lines = await linesOfLongRequests('json');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toHaveLength(lines.length);
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
