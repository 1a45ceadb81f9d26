/** Malformed answers as bytes on the wire, each with what is wrong with it. */
import type { ParseError } from '@lb/worker/internal/forward/native/response-parser';
import type { AnswerSample } from './good-answers.ts';

export interface BadAnswer extends AnswerSample {
  readonly error: ParseError;
  /** Only for what Node's parser takes: why ResponseParser does not. */
  readonly stricter?: string;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function withField(line: string): string {
  return `HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 0\r\n\r\n`;
}

const ONE_CODING = 'chunked alone is read alike by all (RFC 9112 section 6.1)';
const NO_CODING_HERE = 'a Transfer-Encoding is faulty there (RFC 9112 section 6.1)';
const NODE_REFUSES = new Set(['']);

export const BAD_ANSWERS: readonly BadAnswer[] = [
  { name: 'nothing', text: '', error: 'no_answer' },
  { name: 'half a status line', text: 'HTTP/1.1 2', error: 'truncated' },
  { name: 'half a head', text: 'HTTP/1.1 200 OK\r\nA: b\r\n', error: 'truncated' },
  { name: 'an interim answer alone', text: 'HTTP/1.1 100 C\r\n\r\n', error: 'truncated' },
  {
    name: 'half a body',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx',
    error: 'truncated',
  },
  { name: 'half a chunk', text: `${CHUNKED}5\r\nhell`, error: 'truncated' },
  { name: 'no last chunk', text: `${CHUNKED}1\r\nx\r\n`, error: 'truncated' },
  { name: 'no end of the trailers', text: `${CHUNKED}0\r\nA: b\r\n`, error: 'truncated' },

  { name: 'another protocol', text: 'SSH-2.0-x\r\n', error: 'bad_status_line' },
  {
    name: 'an empty line first',
    text: '\r\nHTTP/1.1 204 N\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'only a server ignores it (RFC 9112 section 2.2)',
  },
  { name: 'HTTP/1.2', text: 'HTTP/1.2 204 N\r\n\r\n', error: 'bad_status_line' },
  {
    name: 'HTTP/2.0',
    text: 'HTTP/2.0 204 N\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'other versions have other framing',
  },
  {
    name: 'HTTP/0.9',
    text: 'HTTP/0.9 204 N\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'other versions have other framing',
  },
  { name: 'http/1.1', text: 'http/1.1 204 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'HTTP/1.10', text: 'HTTP/1.10 204 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'two spaces', text: 'HTTP/1.1  204 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'a tab', text: 'HTTP/1.1\t204 N\r\n\r\n', error: 'bad_status_line' },
  {
    name: 'status 099',
    text: 'HTTP/1.1 099 N\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'not in the range of RFC 9110 section 15',
  },
  {
    name: 'status 600',
    text: 'HTTP/1.1 600 N\r\nContent-Length: 0\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'not in the range of RFC 9110 section 15',
  },
  { name: 'status 20', text: 'HTTP/1.1 20 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'status 2000', text: 'HTTP/1.1 2000 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'status 2x0', text: 'HTTP/1.1 2x0 N\r\n\r\n', error: 'bad_status_line' },
  { name: 'a tab behind the status', text: 'HTTP/1.1 204\tN\r\n\r\n', error: 'bad_status_line' },
  {
    name: 'NUL in the reason',
    text: 'HTTP/1.1 204 N\0\r\n\r\n',
    error: 'bad_status_line',
    stricter: 'it cannot be passed on (RFC 9112 section 4)',
  },
  {
    name: 'LF behind the status line',
    text: 'HTTP/1.1 204 N\nA: b\r\n\r\n',
    error: 'bad_status_line',
  },
  {
    name: 'CR behind the status line',
    text: 'HTTP/1.1 204 N\rA: b\r\n\r\n',
    error: 'bad_line_end',
  },

  { name: 'LF behind a field', text: withField('A: b\nC: d'), error: 'bad_line_end' },
  { name: 'CR in a value', text: withField('A: b\rc'), error: 'bad_line_end' },
  { name: 'CR CR LF', text: withField('A: b\r'), error: 'bad_line_end' },
  { name: 'LF for the empty line', text: 'HTTP/1.1 204 N\r\nA: b\r\n\n', error: 'bad_line_end' },
  { name: 'CR and no LF at the end', text: 'HTTP/1.1 204 N\r\n\rx', error: 'bad_line_end' },
  { name: 'CR in a name', text: withField('A\r: b'), error: 'bad_field_name' },
  { name: 'NUL in a value', text: withField('A: b\0c'), error: 'bad_field_value' },
  { name: 'DEL in a value', text: withField('A: b\x7fc'), error: 'bad_field_value' },
  { name: 'VT in front of a value', text: withField('A: \x0bb'), error: 'bad_field_value' },
  { name: 'no colon', text: withField('Ab'), error: 'bad_field_name' },
  { name: 'no name', text: withField(': b'), error: 'bad_field_name' },
  { name: 'a space before the colon', text: withField('A : b'), error: 'bad_field_name' },
  { name: 'a space in a name', text: withField('A b: c'), error: 'bad_field_name' },
  { name: 'obs-text in a name', text: withField('A\xe9: c'), error: 'bad_field_name' },
  { name: 'a bracket in a name', text: withField('A(b): c'), error: 'bad_field_name' },
  { name: 'a folded line', text: withField('A: b\r\n c'), error: 'obsolete_fold' },
  { name: 'a tab before the first field', text: withField('\tA: b'), error: 'obsolete_fold' },

  ...['', '+5', '-0', '5 5', '0x5', '1e1', '5,', '5;a', '9007199254740992'].map((value) => ({
    name: `Content-Length "${value}"`,
    text: `HTTP/1.1 200 OK\r\nContent-Length: ${value}\r\n\r\nhello`,
    error: 'bad_content_length' as const,
  })),
  {
    name: 'Content-Length "5, 5"',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello',
    error: 'bad_content_length',
  },
  {
    name: 'two lengths alike',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\nhello',
    error: 'bad_content_length',
  },
  {
    name: 'two lengths',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello',
    error: 'bad_content_length',
  },
  {
    name: 'a bad length for HEAD',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
    isHead: true,
    error: 'bad_content_length',
  },
  ...[
    'gzip, chunked',
    'chunked, chunked',
    'chunked, identity',
    ', chunked',
    'identity',
    'xchunked',
    'chunked;a=b',
    '',
  ].map((value) => ({
    name: `Transfer-Encoding "${value}"`,
    text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`,
    error: 'bad_transfer_encoding' as const,
    ...(!NODE_REFUSES.has(value) && { stricter: ONE_CODING }),
  })),
  {
    name: 'Transfer-Encoding twice',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'bad_transfer_encoding',
    stricter: ONE_CODING,
  },
  {
    name: 'chunked in HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'bad_transfer_encoding',
    stricter: NO_CODING_HERE,
  },
  {
    name: 'chunked in 204',
    text: 'HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n',
    error: 'bad_transfer_encoding',
    stricter: NO_CODING_HERE,
  },
  {
    name: 'chunked in 103',
    text: 'HTTP/1.1 103 E\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 204 N\r\n\r\n',
    error: 'bad_transfer_encoding',
    stricter: NO_CODING_HERE,
  },
  {
    name: 'length, then chunked',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    error: 'length_and_chunked',
  },
  {
    name: 'chunked, then length',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    error: 'length_and_chunked',
  },

  ...[
    '',
    ' 1',
    '0x1',
    '+1',
    '-1',
    '1_0',
    'g',
    '1\t',
    '1 ',
    '0000000000000001',
    'fffffffffffffff',
  ].map((size) => ({
    name: `chunk size "${size.replace('\t', '\\t')}"`,
    text: `${CHUNKED}${size}\r\nx\r\n0\r\n\r\n`,
    ...(size.length === 16 && { stricter: 'at most 15 digits: overflow has fooled parsers' }),
    error: /^1\s/.test(size) ? ('bad_chunk_extension' as const) : ('bad_chunk_size' as const),
  })),
  { name: 'LF behind a chunk size', text: `${CHUNKED}1\nx\r\n0\r\n\r\n`, error: 'bad_chunk_size' },
  {
    name: 'CR alone behind a chunk size',
    text: `${CHUNKED}1\rx\r\n0\r\n\r\n`,
    error: 'bad_chunk_size',
  },
  {
    name: 'LF in a chunk extension',
    text: `${CHUNKED}1;a\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  {
    name: 'NUL in a chunk extension',
    text: `${CHUNKED}1;a\0\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_extension',
  },
  {
    name: 'CR CR LF behind a chunk extension',
    text: `${CHUNKED}1;a\r\r\nx\r\n0\r\n\r\n`,
    error: 'bad_chunk_size',
  },
  { name: 'no CR LF behind a chunk', text: `${CHUNKED}1\r\nx0\r\n\r\n`, error: 'bad_chunk_end' },
  { name: 'LF behind a chunk', text: `${CHUNKED}1\r\nx\n0\r\n\r\n`, error: 'bad_chunk_end' },
  {
    name: 'a chunk longer than its size',
    text: `${CHUNKED}1\r\nxy\r\n0\r\n\r\n`,
    error: 'bad_chunk_end',
  },
  {
    name: 'extensions without end',
    text: `${CHUNKED}${`1;${'e'.repeat(4_096)}\r\nx\r\n`.repeat(5)}0\r\n\r\n`,
    error: 'chunk_extensions_too_large',
    stricter: 'an answer needs no 16 KiB of them',
  },
  { name: 'a bad trailer', text: `${CHUNKED}0\r\nA : b\r\n\r\n`, error: 'bad_field_name' },
  {
    name: 'a length in the trailers',
    text: `${CHUNKED}0\r\nContent-Length: 0\r\n\r\n`,
    error: 'framing_in_trailers',
  },
  {
    name: 'a coding in the trailers',
    stricter:
      'a trailer may not be framing (RFC 9110 section 6.5.1); Node refuses the other field of the two',
    text: `${CHUNKED}0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n`,
    error: 'framing_in_trailers',
  },
  {
    name: 'an interim answer of HTTP/1.0',
    text: 'HTTP/1.0 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    error: 'bad_interim_answer',
  },
  {
    name: 'an interim answer that closes',
    text: 'HTTP/1.1 103 E\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    error: 'bad_interim_answer',
  },
  { name: 'LF behind a trailer', text: `${CHUNKED}0\r\nA: b\n\r\n`, error: 'bad_line_end' },

  {
    name: 'bytes behind a body',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n',
    error: 'excess',
  },
  {
    name: 'CR LF behind a body',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx\r\n',
    error: 'excess',
  },
  { name: 'bytes behind the last chunk', text: `${CHUNKED}0\r\n\r\nx`, error: 'excess' },
  { name: 'a body in 204', text: 'HTTP/1.1 204 N\r\nContent-Length: 1\r\n\r\nx', error: 'excess' },
  { name: 'a body in 304', text: 'HTTP/1.1 304 N\r\n\r\nx', error: 'excess' },
  {
    name: 'a body for HEAD',
    text: 'HTTP/1.1 200 N\r\nContent-Length: 1\r\n\r\nx',
    isHead: true,
    error: 'excess',
  },
  {
    name: 'an answer behind 101',
    text: 'HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\nHTTP/1.1 204 N\r\n\r\n',
    error: 'excess',
    stricter: 'nobody asked to switch protocols (RFC 9110 section 15.2.2)',
  },
  {
    name: 'interim answers without end',
    text: 'HTTP/1.1 103 E\r\n\r\n'.repeat(257),
    error: 'too_many_interim_answers',
  },
  {
    name: 'fields without end',
    text: `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(257)}\r\n`,
    error: 'too_many_fields',
    stricter: 'the limit is 256, in Node 1000',
  },
];
