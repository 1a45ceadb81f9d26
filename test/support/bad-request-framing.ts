/** Requests whose length or chunks two readers could read in two ways, each with what is wrong with it. */
import { type BadRequest, stricterBy } from './request-sample.ts';

const CHUNKED = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const ONE_CODING = 'chunked alone is read alike by all (RFC 9112 section 6.1)';
const BY_GRAMMAR = 'chunk extensions have a grammar (RFC 9112 section 7.1.1)';

/** Of the short pieces below, those that Node's parser takes. */
const TAKEN_BY_NODE = new Map([
  ['gzip, chunked', ONE_CODING],
  ['identity, chunked', ONE_CODING],
  [', chunked', ONE_CODING],
  ['1;;a', BY_GRAMMAR],
  ['1;=b', BY_GRAMMAR],
  ['1;a=', BY_GRAMMAR],
]);

export const BAD_FRAMING: readonly BadRequest[] = [
  ...[
    '',
    '+5',
    '-5',
    '-0',
    '5 5',
    '0x5',
    '1e1',
    '5.0',
    '5,',
    '5, 5',
    '5;a',
    '99999999999999999999',
  ].map((value) => ({
    name: `Content-Length "${value}"`,
    text: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${value}\r\n\r\nhello`,
    error: 'bad_content_length' as const,
  })),
  {
    name: 'a length that is no exact number',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740992\r\n\r\nhello',
    error: 'bad_content_length',
  },
  {
    name: 'two lengths alike',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\nhello',
    error: 'bad_content_length',
  },
  {
    name: 'two lengths',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    error: 'bad_content_length',
  },
  ...[
    'gzip, chunked',
    'identity, chunked',
    ', chunked',
    'chunked,',
    'chunked, chunked',
    'chunked, identity',
    'identity',
    'gzip',
    'xchunked',
    'chunkedx',
    'chunked;a=b',
    '"chunked"',
    'chunked\t',
    'chunked \t',
    '',
  ].map((value) => ({
    name: `Transfer-Encoding ${JSON.stringify(value)}`,
    text: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`,
    error: 'bad_transfer_encoding' as const,
    ...stricterBy(TAKEN_BY_NODE, value),
  })),
  {
    name: 'Transfer-Encoding twice',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'bad_transfer_encoding',
  },
  {
    name: 'chunked in HTTP/1.0',
    text: 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'bad_transfer_encoding',
    stricter: 'a Transfer-Encoding is faulty there (RFC 9112 section 6.1)',
  },
  {
    name: 'length, then chunked',
    text: 'POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'length_and_chunked',
  },
  {
    name: 'chunked, then length',
    text: 'POST / HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    error: 'length_and_chunked',
  },
  {
    name: 'a length of zero and chunked in HTTP/1.0',
    text: 'POST / HTTP/1.0\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'length_and_chunked',
  },

  ...['', ' 1', '0x1', '+1', '-1', '1_0', 'g', 'fffffffffffffff', '12345678123456781'].map(
    (size) => ({
      name: `chunk size "${size}"`,
      text: `${CHUNKED}${size}\r\nx\r\n0\r\n\r\n`,
      error: 'bad_chunk_size' as const,
    }),
  ),
  {
    name: 'a chunk size of 16 digits',
    text: `${CHUNKED}0000000000000001\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_size',
    stricter: 'at most 15 digits: overflow has fooled parsers',
  },
  ...[
    '1 ',
    '1\t',
    '1 x',
    '1;',
    '1; ',
    '1;;a',
    '1;=b',
    '1;a=',
    '1;a="b',
    '1;a="b"c',
    '1;a b',
    '1;a=b c',
  ].map((size) => ({
    name: `chunk size ${JSON.stringify(size)}`,
    text: `${CHUNKED}${size}\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension' as const,
    ...stricterBy(TAKEN_BY_NODE, size),
  })),
  { name: 'LF behind a chunk size', text: `${CHUNKED}1\nx\r\n0\r\n\r\n`, error: 'bad_chunk_size' },
  {
    name: 'CR alone behind a chunk size',
    text: `${CHUNKED}1\rx\r\n0\r\n\r\n`,
    error: 'bad_chunk_size',
  },
  {
    name: 'CR CR LF behind a chunk size',
    text: `${CHUNKED}1\r\r;a\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_size',
  },
  {
    name: 'LF in a chunk extension',
    text: `${CHUNKED}1;\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  {
    name: 'LF in a quoted chunk extension',
    text: `${CHUNKED}1;a="\n"\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  {
    name: 'CR LF in a quoted chunk extension',
    text: `${CHUNKED}1;a="\r\n0\r\n\r\n"\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  {
    name: 'NUL in a chunk extension',
    text: `${CHUNKED}1;a\0\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  { name: 'no CR LF behind a chunk', text: `${CHUNKED}1\r\nx0\r\n\r\n`, error: 'bad_chunk_end' },
  { name: 'LF behind a chunk', text: `${CHUNKED}1\r\nx\n0\r\n\r\n`, error: 'bad_chunk_end' },
  {
    name: 'a chunk longer than its size',
    text: `${CHUNKED}1\r\nxy\r\n0\r\n\r\n`,
    error: 'bad_chunk_end',
  },
  {
    name: 'an extension of 20 kB',
    text: `${CHUNKED}1;${'e'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
    error: 'chunk_extensions_too_large',
  },
  {
    name: 'extensions without end',
    text: `${CHUNKED}${`1;${'e'.repeat(4_096)}\r\nx\r\n`.repeat(5)}0\r\n\r\n`,
    error: 'chunk_extensions_too_large',
    stricter: 'a request needs no 16 KiB of them',
  },
  {
    name: 'a length in the trailers',
    text: `${CHUNKED}0\r\nA: b\r\nContent-Length: 5\r\n\r\n`,
    error: 'framing_in_trailers',
  },
  {
    name: 'a coding in the trailers',
    text: `${CHUNKED}0\r\ntransfer-encoding: chunked\r\n\r\n`,
    error: 'framing_in_trailers',
  },
  {
    name: 'a trailer with a space before its colon',
    text: `${CHUNKED}0\r\nA : b\r\n\r\n`,
    error: 'bad_field_name',
  },
  { name: 'a folded trailer', text: `${CHUNKED}0\r\nA: b\r\n c\r\n\r\n`, error: 'obsolete_fold' },
  { name: 'LF behind a trailer', text: `${CHUNKED}0\r\nA: b\n\r\n`, error: 'bad_line_end' },
  { name: 'LF for the end of the trailers', text: `${CHUNKED}0\r\n\n`, error: 'bad_line_end' },
  {
    name: 'a request for a trailer',
    text: `${CHUNKED}0\r\nGET / HTTP/1.1\r\n`,
    error: 'bad_field_name',
  },
];
