/** The head of an answer as it passes. */
import { describe, expect, test } from '@jest/globals';
import { valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { answers, ok, scriptedBackend } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const HEAD = 'HEAD / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n';

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
