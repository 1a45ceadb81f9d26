import { describe, expect, test } from '@jest/globals';
import { startFront } from '../support/front.ts';
import { ask, askUntilClosed, headerOf, requestText } from '../support/raw-client.ts';
import { okAnswer } from '../support/recording-backend.ts';

const NOBODY = 1;
const FRONT = {
  config: `
routes:
  - { match: { paths: [/denied] }, access: { deny: [127.0.0.0/8] }, pool: web }
  - { match: { paths: [/small] }, maxBody: 10B, pool: web }
  - { match: { paths: [/nobody] }, pool: nobody }
  - { match: { paths: [/refused] }, pool: nobody }
  - { match: { paths: [/silent] }, timeout: 100ms, pool: web }
  - { match: { paths: [/garbage, /open] }, pool: web }`,
  morePools: ', nobody: { backends: ["http://127.0.0.1:1"] }',
  respond: ({ target }: { target: string }): string | undefined => {
    if (target === '/silent') return undefined;
    return target === '/garbage' ? 'garbage\r\n\r\n' : okAnswer();
  },
  log: 'json',
} as const;

interface Case {
  readonly cause: string;
  readonly text: string;
  readonly status: number;
  /** In the access log. */
  readonly reason: string;
  /** Beside those that every answer has. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const ALLOW = { Allow: expect.stringContaining('GET') as unknown };

/** A Proxy-Status with this error. */
function proxyStatus(error: string): Readonly<Record<string, unknown>> {
  return { 'Proxy-Status': expect.stringMatching(`^lb; error=${error};`) };
}

const CASES: readonly Case[] = [
  { cause: 'no route', text: requestText('GET /none'), status: 404, reason: 'no_route' },
  { cause: 'access rules', text: requestText('GET /denied'), status: 403, reason: 'access_denied' },
  {
    cause: 'a malformed Host',
    text: 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    status: 400,
    reason: 'bad_request',
  },
  {
    cause: 'a malformed head',
    text: 'GET / HTTP/1.1\r\nX : 1\r\n\r\n',
    status: 400,
    reason: 'bad_request',
  },
  {
    cause: 'a malformed chunk',
    text: requestText('POST /open', ['Transfer-Encoding: chunked'], 'zz\r\n'),
    status: 400,
    reason: 'bad_request',
  },
  {
    cause: 'a method',
    text: requestText('TRACE /open'),
    status: 405,
    reason: 'method_not_allowed',
    fields: ALLOW,
  },
  {
    cause: 'CONNECT',
    text: 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
    status: 405,
    reason: 'method_not_allowed',
    fields: ALLOW,
  },
  {
    cause: 'a body',
    text: requestText('POST /small', ['Content-Length: 11']),
    status: 413,
    reason: 'body_too_large',
  },
  {
    cause: 'an expectation',
    text: requestText('GET /open', ['Expect: x']),
    status: 417,
    reason: 'expectation_failed',
  },
  {
    cause: 'too many fields',
    text: requestText(
      'GET /open',
      Array.from({ length: 101 }, () => 'X-A: 1'),
    ),
    status: 431,
    reason: 'headers_too_large',
  },
  {
    cause: 'a long head',
    text: requestText('GET /open', [`X-A: ${'a'.repeat(40_000)}`]),
    status: 431,
    reason: 'headers_too_large',
  },
  {
    cause: 'no backend',
    text: requestText('GET /nobody'),
    status: 503,
    reason: 'no_backend',
    fields: {
      ...proxyStatus('destination_unavailable'),
      'Retry-After': expect.stringMatching(/^\d+$/),
    },
  },
  {
    cause: 'a dead backend',
    text: requestText('GET /refused'),
    status: 502,
    reason: 'connect_failed',
    fields: proxyStatus('connection_refused'),
  },
  {
    cause: 'a mad backend',
    text: requestText('GET /garbage'),
    status: 502,
    reason: 'protocol_error',
    fields: proxyStatus('http_protocol_error'),
  },
  {
    cause: 'the time',
    text: requestText('GET /silent'),
    status: 504,
    reason: 'response_timeout',
    fields: proxyStatus('http_response_timeout'),
  },
  {
    cause: 'a circle',
    text: requestText('GET /open', ['Via: 1.1 lb, 1.1 lb']),
    status: 508,
    reason: 'loop_detected',
  },
];

describe('an answer of the balancer', () => {
  test.each(CASES)('because of $cause', async ({ cause, text, status, reason, fields }) => {
    await using front = await startFront(FRONT);
    if (cause === 'no backend') front.worker.setState(NOBODY, 'down');
    const answer = await ask(front.port, text);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'X-Request-Id': expect.any(String),
      'Content-Type': 'text/plain; charset=utf-8',
      ...fields,
    });
    const hasProxyStatus = headerOf(answer, 'proxy-status') !== undefined;
    expect(hasProxyStatus).toBe([502, 503, 504].includes(status));
    expect(answer.body).toMatch(/^[^\n]+\n$/);
    const lines = (await front.readLog(1)).map((line) => JSON.parse(line) as unknown);
    const id = headerOf(answer, 'x-request-id');
    expect(lines).toEqual([expect.objectContaining({ status, reason, request_id: id })]);
  });

  test.each([
    'application/json',
    'application/json, text/plain',
    'application/problem+json',
    'application/*',
    'text/html;q=0.5, application/json;q=0.9',
  ])('is JSON for Accept "%s"', async (accept) => {
    await using front = await startFront(FRONT);
    const answer = await ask(front.port, requestText('GET /none', [`Accept: ${accept}`]));
    expect(headerOf(answer, 'content-type')).toBe('application/json');
    expect(JSON.parse(answer.body)).toEqual({
      error: expect.any(String),
      requestId: headerOf(answer, 'x-request-id'),
    });
  });

  test.each([
    'text/html, application/json;q=0.9',
    'application/json;q=0',
    'text/html',
    '*/*',
    '',
    'json',
  ])('is a plain line for Accept "%s"', async (accept) => {
    await using front = await startFront(FRONT);
    const answer = await ask(front.port, requestText('GET /none', [`Accept: ${accept}`]));
    expect(headerOf(answer, 'content-type')).toBe('text/plain; charset=utf-8');
  });

  test('repeats the id of a trusted proxy', async () => {
    await using front = await startFront({
      ...FRONT,
      config: `trustedProxies: [127.0.0.1]\n${FRONT.config}`,
    });
    const answer = await ask(front.port, requestText('GET /none', ['X-Request-Id: abc']));
    expect(headerOf(answer, 'x-request-id')).toBe('abc');
  });

  test('keeps the connection where the request was read to its end', async () => {
    await using front = await startFront(FRONT);
    const answers = await askUntilClosed(
      front.port,
      requestText('GET /none') +
        requestText('GET /denied') +
        requestText('GET /open', ['Connection: close']),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 403, 200]);
  });

  test('has no body for HEAD', async () => {
    await using front = await startFront(FRONT);
    const answer = await ask(front.port, requestText('HEAD /none'));
    expect(answer.status).toBe(404);
    expect(Number(headerOf(answer, 'content-length'))).toBeGreaterThan(0);
  });
});
