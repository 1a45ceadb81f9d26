/** The table of misbehaving backends. */
import {
  answer,
  CHUNKED,
  CUT,
  LOST,
  MALFORMED,
  OK,
  SHORT_IDLE,
  whole,
  type MisbehavingBackend,
} from './misbehaviour.ts';
import { BAD_CHUNKS, BREAKING_OFF, ODD_CHUNKS, SILENT } from './misbehaving-bodies.ts';
import {
  CODINGS,
  CODINGS_WITH_CHUNKED,
  LAX,
  MALFORMED_HEADS,
  TOO_LONG,
} from './misbehaving-heads.ts';

const POISON = 'HTTP/1.1 200 POISON\r\nContent-Length: 6\r\n\r\npoison';

/** Strange, but of one meaning. */
const ODD_BUT_WHOLE: readonly MisbehavingBackend[] = [
  {
    name: 'chunk extensions',
    bytes: `${CHUNKED}2;a=b;c="d;e"\r\nok\r\n0;last\r\n\r\n`,
    expected: whole('ok'),
  },
  {
    name: 'spaces around the length',
    bytes: answer('Content-Length: \t2 \t'),
    expected: whole('ok'),
  },
  {
    name: 'a length with leading zeros',
    bytes: answer('Content-Length: 0002'),
    expected: whole('ok'),
  },
  {
    name: 'Keep-Alive: timeout=0',
    bytes: answer('Keep-Alive: timeout=0\r\nContent-Length: 2'),
    expected: whole('ok'),
  },
  {
    name: 'Keep-Alive: garbage',
    bytes: answer('Keep-Alive: timeout=-1, =, max, timeout=1e9999\r\nContent-Length: 2'),
    expected: whole('ok'),
  },
  {
    name: 'HTTP/1.0 without a length, then FIN',
    bytes: 'HTTP/1.0 200 OK\r\n\r\nold',
    last: 'FIN',
    expected: whole('old'),
  },
  {
    name: 'HTTP/1.0 without a length, then RST',
    bytes: 'HTTP/1.0 200 OK\r\n\r\nold',
    last: 'RST',
    expected: CUT,
  },
  {
    name: 'HTTP/1.1 without a length, then FIN',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nnew',
    last: 'FIN',
    expected: whole('new'),
  },
  {
    name: 'HTTP/1.1 without a length, then RST',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nnew',
    last: 'RST',
    expected: CUT,
  },
  {
    name: 'HTTP/1.1 without a length, then silence',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nnew',
    expected: CUT,
    pool: SHORT_IDLE,
  },
  {
    name: 'HTTP/1.0 with a length, left open',
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    expected: whole('ok'),
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    expected: whole('ok'),
  },
  {
    name: 'Connection: close, left open',
    bytes: answer('Connection: close\r\nContent-Length: 2'),
    expected: whole('ok'),
  },
  {
    name: 'Connection that names the length',
    bytes: answer('Connection: content-length, x-hop\r\nX-Hop: 1\r\nContent-Length: 2'),
    expected: whole('ok'),
  },
  { name: 'FIN behind the message', bytes: OK, last: 'FIN', expected: whole('ok') },
  {
    name: '204 with a length',
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n',
    expected: whole('', 204),
  },
  {
    name: '304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
    expected: whole('', 304),
  },
  {
    name: '304 with chunked',
    bytes: 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
    expected: whole('', 304),
  },
];

/** What comes behind an answer belongs to no request. */
const EXCESS: readonly MisbehavingBackend[] = [
  { name: 'bytes behind the answer', bytes: `${OK}more`, expected: whole('ok') },
  { name: 'CRLF behind the answer', bytes: `${OK}\r\n`, expected: whole('ok') },
  { name: 'a second answer behind the first', bytes: OK + POISON, expected: whole('ok') },
  {
    name: 'half an answer behind the first',
    bytes: `${OK}HTTP/1.1 200 POI`,
    expected: whole('ok'),
  },
  {
    name: 'an interim answer behind the answer',
    bytes: `${OK}HTTP/1.1 103 Early Hints\r\nLink: </p>\r\n\r\n`,
    expected: whole('ok'),
  },
  {
    name: 'a second answer behind the last chunk',
    bytes: `${CHUNKED}2\r\nok\r\n0\r\n\r\n${POISON}`,
    expected: whole('ok'),
  },
  {
    name: 'Connection: close, and more',
    bytes: answer('Connection: close\r\nContent-Length: 2', `ok${POISON}`),
    expected: whole('ok'),
  },
  {
    name: '204 with a body',
    bytes: `HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\npoison`,
    expected: whole('', 204),
  },
  {
    name: '304 with a body',
    bytes: `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison`,
    expected: whole('', 304),
  },
  {
    name: 'a body for HEAD',
    bytes: answer('Content-Length: 6', 'poison'),
    method: 'HEAD',
    expected: whole(''),
  },
  {
    name: 'chunks for HEAD',
    bytes: `${CHUNKED}6\r\npoison\r\n0\r\n\r\n`,
    method: 'HEAD',
    expected: whole(''),
  },
  {
    name: 'an answer for HEAD, and another',
    bytes: `${answer('Content-Length: 6', '')}${POISON}`,
    method: 'HEAD',
    expected: whole(''),
  },
].map((row) => ({ ...row, isOnePiece: true }) as MisbehavingBackend);

const LATER: readonly MisbehavingBackend[] = [
  ['a second answer', POISON],
  ['half an answer', 'HTTP/1.1 200 POI'],
  ['garbage', '\0\0\0'],
  ['CRLF', '\r\n'],
].map(([what = '', later = '']) => ({
  name: `${what} while the connection is idle`,
  bytes: OK,
  later,
  expected: whole('ok'),
}));

/** Answers out of their time. */
const UNTIMELY: readonly MisbehavingBackend[] = [
  {
    name: 'an early 413',
    bytes: 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig',
    method: 'POST',
    bodyBytes: 1_000,
    expected: whole('big', 413),
  },
  {
    name: 'an early 413, then FIN',
    bytes: 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig',
    last: 'FIN',
    method: 'POST',
    bodyBytes: 1_000,
    expected: whole('big', 413),
  },
  {
    name: 'an early 200 without any of the body',
    bytes: OK,
    method: 'POST',
    bodyBytes: 0,
    expected: whole('ok'),
  },
  {
    name: 'half of an early 413, then RST',
    bytes: 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\nbig',
    last: 'RST',
    method: 'POST',
    bodyBytes: 1_000,
    expected: CUT,
  },
  {
    name: 'RST in the middle of the request',
    bytes: '',
    last: 'RST',
    method: 'POST',
    bodyBytes: 1_000,
    expected: LOST,
  },
  {
    name: 'FIN in the middle of the request',
    bytes: '',
    last: 'FIN',
    method: 'POST',
    bodyBytes: 1_000,
    expected: LOST,
  },
  {
    name: 'an answer before the request',
    bytes: OK,
    isUnasked: true,
    last: 'FIN',
    expected: whole('ok'),
  },
  { name: 'FIN as soon as it accepts', bytes: '', isUnasked: true, last: 'FIN', expected: LOST },
  {
    name: 'FIN on a kept connection',
    bytes: '',
    isKept: true,
    last: 'FIN',
    expected: whole('well nothing'),
  },
  {
    name: 'RST on a kept connection',
    bytes: '',
    isKept: true,
    last: 'RST',
    expected: whole('well nothing'),
  },
  {
    name: 'FIN on a kept connection that has a POST',
    bytes: '',
    isKept: true,
    last: 'FIN',
    method: 'POST',
    expected: LOST,
  },
  {
    name: 'FIN within the head on a kept connection',
    bytes: 'HTTP/1.1 2',
    isKept: true,
    last: 'FIN',
    expected: LOST,
  },
  { name: 'garbage on a kept connection', bytes: 'x\r\n\r\n', isKept: true, expected: MALFORMED },
];

/** All of them. */
export const MISBEHAVING_BACKENDS: readonly MisbehavingBackend[] = [
  ...BREAKING_OFF,
  ...SILENT,
  ...MALFORMED_HEADS,
  ...TOO_LONG,
  ...LAX,
  ...CODINGS,
  ...CODINGS_WITH_CHUNKED,
  ...BAD_CHUNKS,
  ...ODD_CHUNKS,
  ...ODD_BUT_WHOLE,
  ...EXCESS,
  ...LATER,
  ...UNTIMELY,
];
