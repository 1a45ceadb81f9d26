/** Backends whose answers break off, fall silent, or have chunks that are none. */
import {
  answer,
  CHUNKED,
  CUT,
  LOST,
  MALFORMED,
  SHORT_IDLE,
  whole,
  type Expected,
  type MisbehavingBackend,
} from './misbehaviour.ts';

const LATE: Expected = { kind: 'refused', status: 504, reason: 'response_timeout' };

const SHORT_RESPONSE = { timeouts: { response: '100ms' } };
const COUNTED = answer('Content-Length: 9', 'half');

/** Places where an answer can break off. */
const PHASES: readonly (readonly [where: string, bytes: string, expected: Expected])[] = [
  ['before a byte', '', LOST],
  ['in the status line', 'HTTP/1.1 20', LOST],
  ['behind the status line', 'HTTP/1.1 200 OK\r\n', LOST],
  ['in a field', 'HTTP/1.1 200 OK\r\nContent-Le', LOST],
  ['before the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', LOST],
  ['behind an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', LOST],
  ['behind the head, counted', answer('Content-Length: 2', ''), CUT],
  ['behind the head, chunked', CHUNKED, CUT],
  ['in a counted body', COUNTED, CUT],
  ['in a chunk size', `${CHUNKED}4\r\nhalf\r\n4`, CUT],
  ['behind a chunk size', `${CHUNKED}4\r\n`, CUT],
  ['in a chunk', `${CHUNKED}8\r\nhalf`, CUT],
  ['between a chunk and its CRLF', `${CHUNKED}4\r\nhalf`, CUT],
  ['before the last chunk', `${CHUNKED}4\r\nhalf\r\n`, CUT],
  ['in the last chunk', `${CHUNKED}4\r\nhalf\r\n0`, CUT],
  ['before the trailers', `${CHUNKED}4\r\nhalf\r\n0\r\n`, CUT],
  ['in the trailers', `${CHUNKED}4\r\nhalf\r\n0\r\nX-Sum: 1`, CUT],
  ['before the last CRLF', `${CHUNKED}4\r\nhalf\r\n0\r\nX-Sum: 1\r\n`, CUT],
];

/** FIN and RST in every phase. */
export const BREAKING_OFF: readonly MisbehavingBackend[] = PHASES.flatMap(
  ([where, bytes, expected]): MisbehavingBackend[] => [
    { name: `FIN ${where}`, bytes, last: 'FIN', expected },
    { name: `RST ${where}`, bytes, last: 'RST', expected },
  ],
);

/** Nothing more in some phases: a deadline must end the wait. */
export const SILENT: readonly MisbehavingBackend[] = PHASES.filter(
  (_phase, place) => place % 3 === 0,
).map(([where, bytes, expected]) => ({
  name: `silence ${where}`,
  bytes,
  expected: expected === LOST ? LATE : CUT,
  pool: expected === LOST ? SHORT_RESPONSE : SHORT_IDLE,
  isOnePiece: true,
}));

/** Chunks that break the grammar. */
export const BAD_CHUNKS: readonly MisbehavingBackend[] = (
  [
    ['a chunk size with a sign', '+2\r\nok\r\n0\r\n\r\n'],
    ['a negative chunk size', '-2\r\nok\r\n0\r\n\r\n'],
    ['a chunk size with 0x', '0x2\r\nok\r\n0\r\n\r\n'],
    ['a chunk size that overflows 64 bits', '10000000000000002\r\nok\r\n0\r\n\r\n'],
    ['an empty chunk size', '\r\nok\r\n0\r\n\r\n'],
    ['a chunk size that is none', 'zz\r\nok\r\n0\r\n\r\n'],
    ['a space before a chunk size', ' 2\r\nok\r\n0\r\n\r\n'],
    ['a bare LF behind a chunk size', '2\nok\r\n0\r\n\r\n'],
    ['a chunk without CRLF behind it', '2\r\nok0\r\n\r\n'],
    ['a chunk with a bare LF behind it', '2\r\nok\n0\r\n\r\n'],
    ['a chunk longer than its size', '2\r\nokay\r\n0\r\n\r\n'],
    ['a chunk shorter than its size', '9\r\nok\r\n0\r\n\r\n1\r\n'],
    ['NUL in a chunk extension', '2;a\0\r\nok\r\n0\r\n\r\n'],
    ['a bare LF in a chunk extension', '2;a\n0\r\nok\r\n0\r\n\r\n'],
    ['a bare LF behind a trailer', '2\r\nok\r\n0\r\nA: b\n\r\n'],
    ['a space before the colon of a trailer', '2\r\nok\r\n0\r\nA : b\r\n\r\n'],
  ] as const
).map(([name, body]) => ({ name, bytes: CHUNKED + body, expected: CUT }));

/** What the engines tell apart in bodies. */
export const ODD_CHUNKS: readonly MisbehavingBackend[] = [
  {
    name: 'trailers that are framing',
    bytes: `${CHUNKED}2\r\nok\r\n0\r\nContent-Length: 7\r\nHost: evil\r\nTransfer-Encoding: gzip\r\n\r\n`,
    expected: CUT,
  },
  {
    name: 'a chunk size of 17 digits',
    bytes: `${CHUNKED}00000000000000002\r\nok\r\n0\r\n\r\n`,
    expected: CUT,
    inHttpProxy3: { expected: whole('ok'), because: 'Node counts no leading zeros' },
  },
  {
    name: 'a chunk size of 16 f',
    bytes: `${CHUNKED}ffffffffffffffff\r\nok\r\n0\r\n\r\n`,
    expected: CUT,
    // It just fits Node's counter, which then waits for so many.
    pool: SHORT_IDLE,
  },
  {
    name: 'a body without a head, as in HTTP/0.9',
    bytes: 'hello',
    last: 'FIN',
    expected: LOST,
    inHttpProxy3: { expected: MALFORMED, because: 'Node looks at every byte as it comes' },
  },
];
