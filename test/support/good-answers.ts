/** Well-formed answers as bytes on the wire. */

export interface AnswerSample {
  readonly name: string;
  readonly text: string;
  /** The request is HEAD. */
  readonly isHead?: boolean;
}

export interface GoodAnswer extends AnswerSample {
  readonly status: number;
  readonly body?: string;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

export const GOOD_ANSWERS: readonly GoodAnswer[] = [
  {
    name: 'a body by length',
    text: 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\nhello',
    status: 200,
    body: 'hello',
  },
  { name: 'a length of zero', text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', status: 200 },
  {
    name: 'leading zeros in the length',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\nok',
    status: 200,
    body: 'ok',
  },
  {
    name: 'a body until the end',
    text: 'HTTP/1.1 200 OK\r\n\r\nto the end\r\n\r\n',
    status: 200,
    body: 'to the end\r\n\r\n',
  },
  { name: 'no body until the end', text: 'HTTP/1.0 200 OK\r\n\r\n', status: 200 },
  {
    name: 'HTTP/1.0 with keep-alive',
    text: 'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx',
    status: 200,
    body: 'x',
  },
  {
    name: 'chunks',
    text: `${CHUNKED}5\r\nhello\r\n00a\r\n, worlds..\r\n0\r\n\r\n`,
    status: 200,
    body: 'hello, worlds..',
  },
  {
    name: 'chunked in capitals',
    text: 'HTTP/1.1 200 OK\r\ntransfer-ENCODING: CHUNKED \r\n\r\nA\r\n0123456789\r\n0\r\n\r\n',
    status: 200,
    body: '0123456789',
  },
  {
    name: 'chunk extensions',
    text: `${CHUNKED}1;a=b;c="d;e"\r\nx\r\n0;last\r\n\r\n`,
    status: 200,
    body: 'x',
  },
  {
    name: 'trailers',
    text: `${CHUNKED}1\r\nx\r\n0\r\nA: 1\r\nX-Sum:\t2 \r\n\r\n`,
    status: 200,
    body: 'x',
  },
  { name: 'an empty chunked body', text: `${CHUNKED}0\r\n\r\n`, status: 200 },
  { name: 'a reason of several words', text: 'HTTP/1.1 404 Not \xe9 Found\r\n\r\n', status: 404 },
  { name: 'an empty reason', text: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', status: 200 },
  {
    name: 'no reason and no space',
    text: 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
    status: 200,
  },
  {
    name: 'whitespace around values',
    text: 'HTTP/1.1 200 OK\r\nA: \t b \tc\t \r\nB:\r\nC: \t \r\nD:e\r\nContent-Length:0\r\n\r\n',
    status: 200,
  },
  {
    name: 'obs-text and odd tokens',
    text: "HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09Az: \xff\x80\r\nContent-Length: 0\r\n\r\n",
    status: 200,
  },
  {
    name: 'the same field twice',
    text: 'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\n__proto__: c\r\nContent-Length: 0\r\n\r\n',
    status: 200,
  },
  {
    name: 'fields whose names differ from those of framing in one bit or two',
    text: 'HTTP/1.1 200 OK\r\n#ontent-Length: 5\r\n4ransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n',
    status: 200,
  },
  {
    name: 'interim answers first',
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    status: 200,
    body: 'x',
  },
  { name: '204', text: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204 },
  { name: '204 with a length', text: 'HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n', status: 204 },
  { name: '304 with a length', text: 'HTTP/1.1 304 Not\r\nContent-Length: 7\r\n\r\n', status: 304 },
  {
    name: '304 with chunked',
    text: 'HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n',
    status: 304,
  },
  {
    name: 'HEAD with a length',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
    isHead: true,
    status: 200,
  },
  { name: 'HEAD with chunked', text: CHUNKED, isHead: true, status: 200 },
  { name: 'HEAD without a length', text: 'HTTP/1.1 500 No\r\n\r\n', isHead: true, status: 500 },
];
