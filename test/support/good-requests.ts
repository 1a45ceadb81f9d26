/** Well-formed requests as bytes on the wire, one connection each. */
import type { GoodRequest } from './request-sample.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Of the names below, those that Node's parser refuses. */
const REFUSED_BY_NODE = new Map([
  ['whitespace in chunk extensions', 'bad whitespace is to be read (RFC 9112 section 7.1.1)'],
]);

function readByUsAlone(name: string): Pick<GoodRequest, 'otherwise'> {
  const otherwise = REFUSED_BY_NODE.get(name);
  return otherwise === undefined ? {} : { otherwise };
}

function withBody(name: string, text: string, body: string): GoodRequest {
  return { name, text, requests: [['POST', '/', body]], ...readByUsAlone(name) };
}

function withTarget(name: string, target: string, method = 'GET'): GoodRequest {
  const text = `${method} ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
  return { name, text, requests: [[method, target, '']] };
}

function withField(name: string, line: string): GoodRequest {
  const text = `GET / HTTP/1.1\r\n${line}\r\nHost: a.test\r\n\r\n`;
  return { name, text, requests: [['GET', '/', '']] };
}

export const GOOD_REQUESTS: readonly GoodRequest[] = [
  { name: 'a GET', text: GET, requests: [['GET', '/', '']] },
  {
    name: 'HTTP/1.0 without Host',
    text: 'GET / HTTP/1.0\r\n\r\n',
    requests: [['GET', '/', '']],
  },
  {
    name: 'HTTP/1.0 with a body',
    text: 'POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    requests: [['POST', '/', 'ok']],
  },

  withTarget('a query', '/a?b=c&d=%20?/'),
  withTarget('an absolute target', 'http://a.test/a'),
  withTarget('an absolute target without a path', 'HTTP://A.test?b'),
  withTarget('every mark that a path may have', "/-._~!$&'()*+,;=:@"),
  withTarget('a target without a resource', '*', 'OPTIONS'),
  withTarget('a path that begins with an empty segment', '//a.test@b'),
  withTarget('a rare method', '/', 'M-SEARCH'),

  withBody(
    'a body by length',
    'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello',
    'hello',
  ),
  withBody(
    'leading zeros in the length',
    'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0002\r\n\r\nok',
    'ok',
  ),
  withBody('a length of zero', 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n', ''),
  withBody('a POST without a body', 'POST / HTTP/1.1\r\nHost: a.test\r\n\r\n', ''),
  withBody('chunks', `${CHUNKED}5\r\nhello\r\n00a\r\n, worlds..\r\n0\r\n\r\n`, 'hello, worlds..'),
  withBody(
    'chunked in capitals',
    'POST / HTTP/1.1\r\nHost: a.test\r\ntransfer-ENCODING:\tCHUNKED \r\n\r\nA\r\n0123456789\r\n000\r\n\r\n',
    '0123456789',
  ),
  withBody('an empty chunked body', `${CHUNKED}0\r\n\r\n`, ''),
  withBody('chunk extensions', `${CHUNKED}1;a=b;c="d;e\\"";f\r\nx\r\n0;last\r\n\r\n`, 'x'),
  withBody(
    'whitespace in chunk extensions',
    `${CHUNKED}1 ;\ta = b ; c\r\nx\r\n0\t; last\r\n\r\n`,
    'x',
  ),
  withBody('trailers', `${CHUNKED}1\r\nx\r\n0\r\nA: 1\r\nX-Sum:\t2 \r\n\r\n`, 'x'),
  withBody('trailers with names of the head', `${CHUNKED}0\r\nTE: gzip\r\nHost: evil\r\n\r\n`, ''),
  withBody('Expect', CHUNKED.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n'), ''),
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => ({
    name: `a ${method} with chunks that look like a request`,
    text: `${CHUNKED.replace('POST', method)}27\r\nGET /smuggled-x HTTP/1.1\r\nHost: a.b\r\n\r\n\r\n0\r\n\r\n${GET}`,
    requests: [
      [method, '/', 'GET /smuggled-x HTTP/1.1\r\nHost: a.b\r\n\r\n'],
      ['GET', '/', ''],
    ] as const,
  })),
  {
    name: 'a body by length that is a request',
    text: `GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${GET.length}\r\n\r\n${GET}${GET}`,
    requests: [
      ['GET', '/', GET],
      ['GET', '/', ''],
    ],
  },

  {
    name: 'empty lines first, and between requests',
    text: `\r\n\r\n${GET}\r\n${GET}\r\n\r\n\r\n\r\n${GET}\r\n`,
    requests: [
      ['GET', '/', ''],
      ['GET', '/', ''],
      ['GET', '/', ''],
    ],
  },
  {
    name: 'requests of all framings, one behind the other',
    text: `${CHUNKED}1\r\nx\r\n0\r\nA: b\r\n\r\n${GET}PUT /p HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\n\r\nyHEAD /h HTTP/1.1\r\nHost: c\r\n\r\n`,
    requests: [
      ['POST', '/', 'x'],
      ['GET', '/', ''],
      ['PUT', '/p', 'y'],
      ['HEAD', '/h', ''],
    ],
  },
  {
    name: 'a request behind one that closes',
    text: `GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n${GET}`,
    requests: [
      ['GET', '/', ''],
      ['GET', '/', ''],
    ],
  },

  withField('whitespace around values', 'A: \t b \tc\t \r\nB:\r\nC: \t \r\nD:e'),
  withField('obs-text and odd tokens', "!#$%&'*+-.^_`|~09Az: \xff\x80"),
  withField('the same field twice', 'Cookie: a\r\ncookie: b\r\n__proto__: c\r\nconstructor: d'),
  withField(
    'a field whose name is like that of framing',
    'Content-Lengths: x\r\nContent_Length: 5',
  ),
  withField(
    'fields whose names differ from those of framing in one bit or two',
    '#ontent-Length: 5\r\n4ransfer-Encoding: chunked\r\n#onnection: close\r\n8ost: b',
  ),
  withField('an upgrade', 'Connection: Upgrade\r\nUpgrade: websocket'),
  ...['a', 'A.test.', '127.0.0.1:80', '[::1]', '[2001:db8::1]:65535', 'a:', 'a_b', 'a-b.c:0'].map(
    (host) => ({
      name: `Host "${host}"`,
      text: `GET / HTTP/1.1\r\nhOST:${host}\r\n\r\n`,
      requests: [['GET', '/', '']] as const,
    }),
  ),
];
