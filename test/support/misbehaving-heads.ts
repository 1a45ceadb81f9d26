/** Backends whose answers have heads that can be read in two ways, or in none. */
import { answer, MALFORMED, OK, whole, type MisbehavingBackend } from './misbehaviour.ts';

const NODE_IS_LAXER = "Node's parser takes it, and reads it in the one way that there is";

/** Heads that break the grammar. */
export const MALFORMED_HEADS: readonly MisbehavingBackend[] = (
  [
    ['garbage', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'],
    ['a TLS record', '\x16\x03\x01\x02\x00\x01\x00'],
    ['status 99', 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['status 099', 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['status 600', 'HTTP/1.1 600 High\r\nContent-Length: 2\r\n\r\nok'],
    ['status 000', 'HTTP/1.1 000 None\r\nContent-Length: 2\r\n\r\nok'],
    ['status 2000', 'HTTP/1.1 2000 High\r\nContent-Length: 2\r\n\r\nok'],
    ['status abc', 'HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok'],
    ['no status', 'HTTP/1.1\r\nContent-Length: 2\r\n\r\nok'],
    ['version HTTP/3.7', 'HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['version HTTP/1.10', 'HTTP/1.10 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\nContent-Length: 2\r\n\r\nok'],
    ['BEL in the reason', 'HTTP/1.1 200 O\x07K\r\nContent-Length: 2\r\n\r\nok'],
    ['bare LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['a bare LF behind a field', answer('X: a\nContent-Length: 2')],
    ['a bare CR behind a field', answer('X: a\rContent-Length: 2')],
    ['a bare CR in a value', answer('X: a\rb\r\nContent-Length: 2')],
    ['NUL in a name', answer('X\0Y: a\r\nContent-Length: 2')],
    ['NUL in a value', answer('X: a\0b\r\nContent-Length: 2')],
    ['BEL in a name', answer('X\x07Y: a\r\nContent-Length: 2')],
    ['BEL in a value', answer('X: a\x07b\r\nContent-Length: 2')],
    ['DEL in a value', answer('X: a\x7fb\r\nContent-Length: 2')],
    ['a space before the colon', answer('X : a\r\nContent-Length: 2')],
    ['a space before the colon of the length', answer('Content-Length : 2')],
    ['no colon', answer('X\r\nContent-Length: 2')],
    ['an empty name', answer(': a\r\nContent-Length: 2')],
    ['a folded field', answer('X: a\r\n b\r\nContent-Length: 2')],
    ['a folded length', answer('Content-Length:\r\n 2')],
    ['a space before the first field', answer(' X: a\r\nContent-Length: 2')],
    [
      'Content-Length, then Transfer-Encoding',
      answer('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    ],
    [
      'Transfer-Encoding, then Content-Length',
      answer('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
    ],
    ['two lengths alike', answer('Content-Length: 2\r\nContent-Length: 2')],
    ['two lengths that differ', answer('Content-Length: 2\r\nContent-Length: 1')],
    ['a list of lengths alike', answer('Content-Length: 2, 2')],
    ['a list of lengths that differ', answer('Content-Length: 2, 1')],
    ['length +2', answer('Content-Length: +2')],
    ['length -2', answer('Content-Length: -2')],
    ['length 0x2', answer('Content-Length: 0x2')],
    ['length "2 2"', answer('Content-Length: 2 2')],
    ['an empty length', answer('Content-Length: ')],
    ['a length of 20 digits', answer('Content-Length: 18446744073709551618')],
    [
      '101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    [
      '101, then an answer',
      `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n${OK}`,
    ],
  ] as const
).map(([name, bytes]) => ({ name, bytes, expected: MALFORMED }));

/** More than an answer may have, and as much as it may. */
export const TOO_LONG: readonly MisbehavingBackend[] = [
  {
    name: 'a head of 200 KB',
    bytes: answer(`X: ${'a'.repeat(200_000)}\r\nContent-Length: 2`),
    expected: MALFORMED,
    isOnePiece: true,
  },
  {
    name: 'a head of 60 KB, which is not too much',
    bytes: answer(`X: ${'a'.repeat(60_000)}\r\nContent-Length: 2`),
    expected: whole('ok'),
    isOnePiece: true,
  },
  {
    name: '300 fields',
    bytes: answer(`${'X: a\r\n'.repeat(300)}Content-Length: 2`),
    expected: MALFORMED,
    isOnePiece: true,
    inHttpProxy3: { expected: whole('ok'), because: "Node's limit is 1000" },
  },
  {
    name: '200 interim answers',
    bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(200) + OK,
    expected: whole('ok'),
    isOnePiece: true,
  },
  {
    name: '2,000 interim answers',
    bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2_000) + OK,
    expected: MALFORMED,
    isOnePiece: true,
    inHttpProxy3: { expected: whole('ok'), because: 'Node has no limit but the time' },
  },
];

/** Node's parser is less strict than the native engine's; nothing of it can be read in two ways. */
export const LAX: readonly MisbehavingBackend[] = [
  ['version HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['version HTTP/0.9', 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['an empty line before the answer', `\r\n${OK}`],
  [
    'chunked in HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
].map(([name = '', bytes = '']) => ({
  name,
  bytes,
  expected: MALFORMED,
  inHttpProxy3: { expected: whole('ok'), because: NODE_IS_LAXER },
}));

/** Codings that are not `chunked` alone. */
export const CODINGS: readonly MisbehavingBackend[] = [
  'gzip',
  'identity',
  'xchunked',
  'chunked, identity',
].map((coding) => ({
  name: `Transfer-Encoding: ${coding}`,
  bytes: answer(`Transfer-Encoding: ${coding}`, '2\r\nok\r\n0\r\n\r\n'),
  last: 'FIN',
  expected: MALFORMED,
}));

/** Codings beside `chunked`. */
export const CODINGS_WITH_CHUNKED: readonly MisbehavingBackend[] = [
  'gzip, chunked',
  ', chunked',
  'chunked, chunked',
  'chunked\r\nTransfer-Encoding: chunked',
].map((coding) => ({
  name: `Transfer-Encoding: ${coding.replace('\r\n', ', and again ')}`,
  bytes: answer(`Transfer-Encoding: ${coding}`, '2\r\nok\r\n0\r\n\r\n'),
  expected: MALFORMED,
}));
