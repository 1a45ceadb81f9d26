/** What the two engines are compared over: kinds of requests, and what a backend does with one. */
import { BREAKING_OFF } from './misbehaving-bodies.ts';

export interface RequestKind {
  readonly kind: string;
  readonly method: string;
  /** Everything behind the target, up to where the client waits for a word of the balancer. */
  readonly rest: string;
  /** Sent when anything has come back. */
  readonly continued?: string;
}

export interface Behaviour {
  readonly name: string;
  readonly head: string;
  /** Not sent for HEAD. */
  readonly body?: string;
  readonly last?: 'FIN' | 'RST';
  /** Answers at the head of the request, without its body. */
  readonly isEarly?: boolean;
  readonly isByteByByte?: boolean;
}

const LENGTH = 'HTTP/1.1\r\nHost: site\r\nContent-Length: 11\r\n';
const CHUNKED = 'HTTP/1.1\r\nHost: site\r\nTransfer-Encoding: chunked\r\n';
const CHUNKS = '5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n';

const REQUEST_KINDS: readonly RequestKind[] = [
  { kind: 'GET', method: 'GET', rest: 'HTTP/1.1\r\nHost: site\r\n\r\n' },
  {
    kind: 'GET with many fields',
    method: 'GET',
    rest:
      'HTTP/1.1\r\nhOST: site\r\nAccept: a/b\r\nACCEPT: c/d\r\nCookie: a=b\r\nCookie: c=d\r\nX-A: 1\r\nX-B:\r\n' +
      'x-a: \xe9\xff\r\n__proto__: p\r\nConnection: x-hop, te\r\nX-Hop: 1\r\nTE: trailers\r\nUser-Agent: u\r\n\r\n',
  },
  { kind: 'HEAD', method: 'HEAD', rest: 'HTTP/1.1\r\nHost: site\r\n\r\n' },
  {
    kind: 'OPTIONS',
    method: 'OPTIONS',
    rest: 'HTTP/1.1\r\nHost: site\r\nOrigin: http://o\r\n\r\n',
  },
  { kind: 'POST with a length', method: 'POST', rest: `${LENGTH}\r\nhello world` },
  {
    kind: 'PUT of 200 KB',
    method: 'PUT',
    rest: `HTTP/1.1\r\nHost: site\r\nContent-Length: 200000\r\n\r\n${'y'.repeat(200_000)}`,
  },
  {
    kind: 'POST in chunks with trailers',
    method: 'POST',
    rest: `${CHUNKED}Trailer: X-Sum\r\n\r\n${CHUNKS}X-Sum: 42\r\n\r\n`,
  },
  {
    kind: 'POST with Expect',
    method: 'POST',
    rest: `${LENGTH}Expect: 100-continue\r\n\r\n`,
    continued: 'hello world',
  },
  {
    kind: 'POST without a body',
    method: 'POST',
    rest: 'HTTP/1.1\r\nHost: site\r\nContent-Length: 0\r\n\r\n',
  },
  { kind: 'DELETE in chunks', method: 'DELETE', rest: `${CHUNKED}\r\n${CHUNKS}\r\n` },
  { kind: 'GET of HTTP/1.0', method: 'GET', rest: 'HTTP/1.0\r\nHost: site\r\n\r\n' },
];

const answer = (fields: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\n${fields}\r\n\r\n`;
const COUNTED = answer('Content-Length: 2');
const IN_CHUNKS = answer('Transfer-Encoding: chunked');
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-A: 1\r\n\r\n';

const ANSWERS: readonly Behaviour[] = [
  { name: 'a counted answer', head: COUNTED, body: 'ok' },
  { name: 'an empty counted answer', head: answer('Content-Length: 0') },
  { name: 'a hint first', head: HINTS + COUNTED, body: 'ok' },
  {
    name: 'several interim answers first',
    head: `${HINTS}HTTP/1.1 102 Processing\r\n\r\n${HINTS}${COUNTED}`,
    body: 'ok',
  },
  { name: '100 first', head: `HTTP/1.1 100 Continue\r\n\r\n${COUNTED}`, body: 'ok' },
  { name: 'chunks', head: IN_CHUNKS, body: '2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n' },
  { name: 'no chunk but the last', head: IN_CHUNKS, body: '0\r\n\r\n' },
  { name: 'chunks with extensions', head: IN_CHUNKS, body: '2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n' },
  {
    name: 'trailers',
    head: answer('Transfer-Encoding: chunked\r\nTrailer: X-Sum'),
    body: '2\r\nok\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n',
  },
  {
    name: 'trailers that were not announced',
    head: IN_CHUNKS,
    body: '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
  },
  {
    name: 'trailers that may not be',
    head: IN_CHUNKS,
    body: '2\r\nok\r\n0\r\nHost: evil\r\nSet-Cookie: a=b\r\n\r\n',
  },
  {
    name: 'Trailer beside a length',
    head: answer('Content-Length: 2\r\nTrailer: X-Sum'),
    body: 'ok',
  },
  {
    name: 'an early 413',
    head: answer('Content-Length: 3', '413 Content Too Large'),
    body: 'big',
    isEarly: true,
  },
  {
    name: 'an early 413 with close',
    head: answer('Connection: close\r\nContent-Length: 3', '413 Content Too Large'),
    body: 'big',
    isEarly: true,
    last: 'FIN',
  },
  { name: '204', head: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n' },
  { name: '204 with a length', head: answer('Content-Length: 7', '204 No Content') },
  { name: '304', head: answer('ETag: "a"', '304 Not Modified') },
  { name: '304 with a length', head: answer('ETag: "a"\r\nContent-Length: 7', '304 Not Modified') },
  { name: '205', head: answer('Content-Length: 0', '205 Reset Content') },
  {
    name: '404',
    head: answer('Content-Length: 2\r\nContent-Type: text/plain', '404 Not Found'),
    body: 'no',
  },
  {
    name: '503 of its own',
    head: answer('Content-Length: 2\r\nRetry-After: 7', '503 Service Unavailable'),
    body: 'no',
  },
  { name: '302', head: answer('Content-Length: 0\r\nLocation: /%2e%2e/a?b#c', '302 Found') },
  {
    name: 'a body up to the close',
    head: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n',
    body: 'to the end',
    last: 'FIN',
  },
  {
    name: 'HTTP/1.0 up to the close',
    head: 'HTTP/1.0 200 OK\r\n\r\n',
    body: 'to the end',
    last: 'FIN',
  },
  {
    name: 'HTTP/1.0 with a length',
    head: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n',
    body: 'ok',
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    head: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n',
    body: 'ok',
  },
  { name: 'Connection: close', head: answer('Connection: close\r\nContent-Length: 2'), body: 'ok' },
  { name: 'byte by byte, counted', head: COUNTED, body: 'ok', isByteByByte: true },
  {
    name: 'byte by byte, in chunks',
    head: HINTS + IN_CHUNKS,
    body: '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
    isByteByByte: true,
  },
  {
    name: 'a head of 60 KB',
    head: answer(`X: ${'a'.repeat(60_000)}\r\nContent-Length: 2`),
    body: 'ok',
  },
  {
    name: 'a head of 70 KB',
    head: answer(`X: ${'a'.repeat(70_000)}\r\nContent-Length: 2`),
    body: 'ok',
  },
  { name: 'a body of 200 KB', head: answer('Content-Length: 200000'), body: 'x'.repeat(200_000) },
  {
    name: 'cookies',
    head: answer(
      'Set-Cookie: a=1\r\nContent-Length: 2\r\nset-cookie: b=2; Path=/\r\nSet-Cookie: a=1',
    ),
    body: 'ok',
  },
  {
    name: 'one field twice',
    head: answer(
      'X-A: 1\r\nContent-Length: 2\r\nVary: a\r\nx-a: 2\r\nVary: b\r\nContent-Type: a/b\r\nContent-Type: c/d',
    ),
    body: 'ok',
  },
  { name: 'obs-text', head: answer('X-A: \xe9\xff\r\nContent-Length: 2', '200 \xe9'), body: 'ok' },
  {
    name: 'odd names and empty values',
    head: answer(
      "!#$%&'*+-.^_`|~: a\r\n__proto__: b\r\nconstructor:\r\nX: \t b\tc \t\r\nContent-Length: 2",
    ),
    body: 'ok',
  },
  { name: 'no reason', head: answer('Content-Length: 2', '200 '), body: 'ok' },
  { name: 'no reason and no space', head: answer('Content-Length: 2', '200'), body: 'ok' },
  { name: 'a status of its own', head: answer('Content-Length: 2', '299 Mine'), body: 'ok' },
  {
    name: 'fields for one hop',
    head: answer(
      'Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nProxy-Authenticate: Basic\r\nTE: trailers\r\nUpgrade: h2c\r\nContent-Length: 2',
    ),
    body: 'ok',
  },
  {
    name: 'fields that Connection names',
    head: answer(
      'Connection: x-hop, content-length, Set-Cookie\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nX-Stay: 1\r\nContent-Length: 2',
    ),
    body: 'ok',
  },
  {
    name: 'a date, a server, an id and Via',
    head: answer(
      'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: s\r\nX-Request-Id: theirs\r\nVia: 1.1 far\r\nProxy-Status: far\r\nContent-Length: 2',
    ),
    body: 'ok',
  },
  {
    name: 'a second answer behind the first',
    head: COUNTED,
    body: 'okHTTP/1.1 200 POISON\r\nContent-Length: 0\r\n\r\n',
  },
  {
    name: '101 that nobody asked for',
    head: answer('Connection: upgrade\r\nUpgrade: x', '101 Switching Protocols'),
  },
  { name: 'a length that is none', head: answer('Content-Length: +2'), body: 'ok' },
  { name: 'a folded field', head: answer('X: a\r\n b\r\nContent-Length: 2'), body: 'ok' },
  { name: 'garbage', head: 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n' },
];

/** What the parsers do not see alike. */
const READ_DIFFERENTLY: readonly Behaviour[] = [
  { name: 'HTTP/2.0', head: 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n', body: 'ok' },
  { name: '300 fields', head: answer(`${'X: a\r\n'.repeat(300)}Content-Length: 2`), body: 'ok' },
  { name: 'an empty line first', head: `\r\n${COUNTED}`, body: 'ok' },
  {
    name: 'chunks in gzip',
    head: answer('Transfer-Encoding: gzip, chunked'),
    body: '2\r\nok\r\n0\r\n\r\n',
  },
  {
    name: 'framing in trailers',
    head: IN_CHUNKS,
    body: '2\r\nok\r\n0\r\nContent-Length: 7\r\n\r\n',
  },
  {
    name: 'a chunk size of 17 digits',
    head: IN_CHUNKS,
    body: '00000000000000002\r\nok\r\n0\r\n\r\n',
  },
];

/** Kinds that stand for the others where an answer breaks off. */
const SOME_KINDS = new Set(['GET', 'HEAD', 'POST in chunks with trailers']);

/** Every kind in front of every behaviour; fewer of those that break off. */
export const ENGINE_CORPUS: readonly (readonly [RequestKind, Behaviour])[] = REQUEST_KINDS.flatMap(
  (kind) => [
    ...[...ANSWERS, ...READ_DIFFERENTLY].map((behaviour) => [kind, behaviour] as const),
    ...(SOME_KINDS.has(kind.kind) ? BREAKING_OFF : []).map(
      ({ name, bytes, last }) => [kind, { name, head: bytes, ...(last && { last }) }] as const,
    ),
  ],
);
