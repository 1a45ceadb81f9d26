/** Requests that are refused, each with what is wrong with it. */
import { BAD_FRAMING } from './bad-request-framing.ts';
import { BAD_HEADS } from './bad-request-heads.ts';
import { type BadRequest, stricterBy } from './request-sample.ts';

const CHUNKED = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const LIMIT = 'the limit is a setting of the listener';
const ONE_HOST = 'others route by another one (RFC 9112 section 3.2)';
const NO_HOST_NAME = 'it names no host (RFC 3986 section 3.2.2)';
const NO_TARGET = 'no form of a target for this request (RFC 9112 section 3.2)';
const HIDES = 'a backend may see another path than our rules did';

/** Of the short pieces below, those that Node's parser takes. */
const TAKEN_BY_NODE = new Map([
  ['*', NO_TARGET],
  ['http:///a', NO_TARGET],
  ['http://u@a.test/', NO_TARGET],
  ['http://a.test,b/', NO_TARGET],
  ['ftp://a.test/', NO_TARGET],
  ['file:///etc/passwd', NO_TARGET],
  ['/a#b', NO_TARGET],
]);

function withLine(line: string): string {
  return `${line}\r\nHost: a.test\r\n\r\n`;
}

export const BAD_REQUESTS: readonly BadRequest[] = [
  { name: 'nothing', text: '', error: 'unfinished' },
  { name: 'an empty line alone', text: '\r\n', error: 'unfinished' },
  { name: 'half an empty line', text: '\r', error: 'unfinished' },
  { name: 'half a request line', text: 'GET / HT', error: 'unfinished' },
  { name: 'half a head', text: 'GET / HTTP/1.1\r\nHost: a\r\n', error: 'unfinished' },
  {
    name: 'half a body',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx',
    error: 'unfinished',
  },
  { name: 'half a chunk', text: `${CHUNKED}5\r\nhell`, error: 'unfinished' },
  { name: 'no last chunk', text: `${CHUNKED}1\r\nx\r\n`, error: 'unfinished' },
  { name: 'no end of the trailers', text: `${CHUNKED}0\r\nA: b\r\n`, error: 'unfinished' },

  ...BAD_HEADS,
  ...BAD_FRAMING,

  {
    name: 'a head of more than 32 KiB',
    text: withLine(`GET / HTTP/1.1\r\nA: ${'x'.repeat(32_768)}`),
    error: 'head_too_large',
    stricter: LIMIT,
  },
  {
    name: 'a target of more than 32 KiB',
    text: withLine(`GET /${'x'.repeat(32_768)} HTTP/1.1`),
    error: 'head_too_large',
    stricter: LIMIT,
  },
  {
    name: '101 fields',
    text: `GET / HTTP/1.1\r\n${'Host: b\r\n'.repeat(101)}\r\n`,
    error: 'too_many_fields',
    stricter: LIMIT,
  },
  {
    name: '101 trailers',
    text: `${CHUNKED}0\r\n${'A: b\r\n'.repeat(101)}\r\n`,
    error: 'too_many_fields',
    stricter: LIMIT,
  },

  {
    name: 'no Host in HTTP/1.1',
    text: 'GET / HTTP/1.1\r\n\r\n',
    error: 'destination',
    stricter: ONE_HOST,
  },
  {
    name: 'two Hosts',
    text: withLine('GET / HTTP/1.1').repeat(2).replace('\r\n\r\nGET / HTTP/1.1', ''),
    error: 'destination',
    stricter: ONE_HOST,
  },
  {
    name: 'two Hosts in HTTP/1.0',
    text: 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n',
    error: 'destination',
    stricter: ONE_HOST,
  },
  ...[
    '',
    'a,b',
    'a, a',
    'a@b',
    'a/b',
    'a?b',
    'a#b',
    'a b',
    'a:99999',
    'a:-1',
    'a:b',
    'a:1:2',
    ':80',
    '[::1',
    '::1',
    '[::1]a',
    'a\xe9',
    'a%2e',
    '<a>',
    'http://a',
  ].map((host) => ({
    name: `Host ${JSON.stringify(host)}`,
    text: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    error: 'destination' as const,
    stricter: NO_HOST_NAME,
  })),
  {
    name: 'an absolute target that disagrees with Host',
    text: withLine('GET http://evil/x HTTP/1.1'),
    error: 'destination',
    stricter: ONE_HOST,
  },
  {
    name: 'an absolute target that disagrees on the port',
    text: withLine('GET http://a.test:81/x HTTP/1.1'),
    error: 'destination',
    stricter: ONE_HOST,
  },
  ...[
    '*',
    'host:443',
    'evil',
    'http:///a',
    'http://u@a.test/',
    'http://a.test,b/',
    'ftp://a.test/',
    'file:///etc/passwd',
    'javascript:1',
    '?a',
    '/a#b',
    '/\xe9',
  ].map((target) => ({
    name: `the target ${JSON.stringify(target)}`,
    text: withLine(`GET ${target} HTTP/1.1`),
    error: 'destination' as const,
    ...stricterBy(TAKEN_BY_NODE, target),
  })),
  ...[
    '/../a',
    '/a/../../b',
    '/%2e%2e/a',
    '/a/..%2f..%2fb',
    '/a%2f..',
    '/%2e%2e%5ca',
    '/\\a',
    '/%00',
    '/a%',
    '/a%4',
    '/a%zz',
  ].map((target) => ({
    name: `the target ${JSON.stringify(target)}`,
    text: withLine(`GET ${target} HTTP/1.1`),
    error: 'destination' as const,
    stricter: HIDES,
  })),
];
