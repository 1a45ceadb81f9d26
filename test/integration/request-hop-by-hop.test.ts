import { describe, expect, test } from '@jest/globals';
import { startFront } from '../support/front.ts';
import { type RawResponse, ask, headerOf, requestText } from '../support/raw-client.ts';
import { okAnswer } from '../support/recording-backend.ts';
import { seen } from '../support/seen.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

describe('fields that end at this hop', () => {
  test.each([
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: gzip',
    'Upgrade: foo',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    'Proxy-Authorization: Basic eA==',
    'Proxy-Authenticate: Basic',
    'Trailer: X-T',
  ])('do not reach the backend: %s', async (field) => {
    const name = field.slice(0, field.indexOf(':'));
    expect(await seen(name, [field])).toEqual([]);
  });

  test('take along what Connection names', async () => {
    expect(await seen('X-Custom', ['X-Custom: 1', 'Connection: X-Custom'])).toEqual([]);
    expect(await seen('x-custom', ['x-custom: 1', 'Connection: close,\tX-CUSTOM ,'])).toEqual([]);
  });

  test.each([
    ['Authorization', 'Basic eA=='],
    ['Cookie', 'a=b'],
  ])('do not take along %s', async (name, value) => {
    expect(await seen(name, [`${name}: ${value}`, `Connection: ${name}`])).toEqual([value]);
  });

  test('do not take along what the balancer sets itself', async () => {
    await using front = await startFront();
    await ask(
      front.port,
      requestText('POST /', [
        'Connection: Host, Content-Length, Transfer-Encoding, X-Forwarded-For, X-Real-IP, Via, X-Request-Id',
        'Content-Length: 5',
      ]) + 'hello',
    );
    const request = front.backend.only;
    expect(request.body).toBe('hello');
    for (const name of [
      'host',
      'content-length',
      'x-forwarded-for',
      'x-real-ip',
      'via',
      'x-request-id',
    ])
      expect([name, valuesOf(request, name).length]).toEqual([name, 1]);
  });

  test('pass the one TE that means something to a backend', async () => {
    expect(await seen('TE', ['TE: gzip, trailers', 'Connection: TE'])).toEqual(['trailers']);
  });

  /** The client's view of an answer with these fields. */
  async function relayed(fields: readonly string[]): Promise<RawResponse> {
    await using front = await startFront({ respond: () => okAnswer('ok', fields) });
    return await ask(front.port, requestText('GET /'));
  }

  test.each([
    'Keep-Alive: timeout=1',
    'Proxy-Connection: close',
    'Proxy-Authenticate: Basic',
    'Upgrade: h2c',
    'Trailer: X-T',
  ])('do not reach the client: %s', async (field) => {
    const answer = await relayed([field]);
    expect(answer.status).toBe(200);
    expect(answer.headers.map(([name, value]) => `${name}: ${value}`)).not.toContain(field);
  });

  test('take along what the Connection of an answer names', async () => {
    const answer = await relayed(['Connection: X-Custom', 'X-Custom: 1', 'X-Other: 2']);
    expect(headerOf(answer, 'x-custom')).toBeUndefined();
    expect(headerOf(answer, 'x-other')).toBe('2');
  });

  test('do not end the connection of a client when a backend ends its own', async () => {
    await using front = await startFront({ respond: () => okAnswer('ok', ['Connection: close']) });
    const answer = await ask(front.port, requestText('GET /'));
    expect(headerOf(answer, 'connection')).not.toBe('close');
  });
});
