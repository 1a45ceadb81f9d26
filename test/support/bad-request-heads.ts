/** Requests whose request line or fields are malformed, each with what is wrong with it. */
import { type BadRequest, stricterBy } from './request-sample.ts';

const OTHER_FRAMING = 'other versions have other framing';
const ONE_LINE_END = 'only CR LF ends a line for all (RFC 9112 section 2.2)';
const ONE_SPACE = 'one space each (RFC 9112 section 3)';

/** Of the short pieces below, those that Node's parser takes. */
const TAKEN_BY_NODE = new Map([
  ['GET /', OTHER_FRAMING],
  ['GET / RTSP/1.0', OTHER_FRAMING],
  ['GET  / HTTP/1.1', ONE_SPACE],
  ['GET /  HTTP/1.1', ONE_SPACE],
]);

function withField(line: string): string {
  return `POST / HTTP/1.1\r\nHost: a.test\r\n${line}\r\nContent-Length: 0\r\n\r\n`;
}

function withLine(line: string): string {
  return `${line}\r\nHost: a.test\r\n\r\n`;
}

export const BAD_HEADS: readonly BadRequest[] = [
  ...[
    'SSH-2.0-x',
    'HELO a.test',
    '\x16\x03\x01',
    'PRI * HTTP/2.0',
    'GET /',
    'GET HTTP/1.1',
    'GET  HTTP/1.1',
    'GET  / HTTP/1.1',
    'GET /  HTTP/1.1',
    'GET / a HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET\t/ HTTP/1.1',
    'GET /\tHTTP/1.1',
    'GET /\ta HTTP/1.1',
    ' GET / HTTP/1.1',
    '/ HTTP/1.1',
    ' / HTTP/1.1',
    'GET / http/1.1',
    'GET / HTTP/1.2',
    'GET / HTTP/1.10',
    'GET / HTTP/1',
    'GET / HTTP/11',
    'GET / HTTP/01.1',
    'GET / HTTP/1.1\0',
    'GET /\0 HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    'get / HTTP/1.1',
    'GETX / HTTP/1.1',
    'GE / HTTP/1.1',
    'G\xc9T / HTTP/1.1',
    'GET: / HTTP/1.1',
    'DESCRIBE / HTTP/1.1',
    'GET / RTSP/1.0',
    'GET / ICE/1.0',
  ].map((line) => ({
    name: `the request line ${JSON.stringify(line)}`,
    text: withLine(line),
    error: 'bad_request_line' as const,
    ...stricterBy(TAKEN_BY_NODE, line),
  })),
  ...['GET / HTTP/0.9', 'GET / HTTP/2.0'].map((line) => ({
    name: `the request line ${JSON.stringify(line)}`,
    text: withLine(line),
    error: 'bad_request_line' as const,
    stricter: OTHER_FRAMING,
  })),
  {
    name: 'HTTP/0.9 without a version',
    text: 'GET /\r\n\r\n',
    error: 'bad_request_line',
    stricter: OTHER_FRAMING,
  },
  {
    name: 'LF behind the request line',
    text: 'GET / HTTP/1.1\nHost: a\r\n\r\n',
    error: 'bad_request_line',
  },
  {
    name: 'CR behind the request line',
    text: 'GET / HTTP/1.1\rHost: a\r\n\r\n',
    error: 'bad_line_end',
  },
  {
    name: 'LF in front of it',
    text: `\n${withLine('GET / HTTP/1.1')}`,
    error: 'bad_request_line',
    stricter: ONE_LINE_END,
  },
  {
    name: 'CR in front of it',
    text: `\r${withLine('GET / HTTP/1.1')}`,
    error: 'bad_line_end',
    stricter: ONE_LINE_END,
  },
  {
    name: 'a fifth empty line',
    text: `${'\r\n'.repeat(5)}${withLine('GET / HTTP/1.1')}`,
    error: 'bad_request_line',
    stricter: 'at least one is to be ignored (RFC 9112 section 2.2); nobody sends so many',
  },
  {
    name: 'bytes behind a request that are none',
    text: `${withLine('GET / HTTP/1.1')}x\r\n`,
    error: 'bad_request_line',
  },
  {
    name: 'a body longer than its length',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxyz\r\n',
    error: 'bad_request_line',
  },

  { name: 'LF behind a field', text: withField('A: b\nC: d'), error: 'bad_line_end' },
  {
    name: 'Transfer-Encoding behind LF',
    text: withField('X: X\nTransfer-Encoding: chunked'),
    error: 'bad_line_end',
  },
  { name: 'CR in a value', text: withField('A: b\rc'), error: 'bad_line_end' },
  { name: 'CR CR LF', text: withField('A: b\r'), error: 'bad_line_end' },
  {
    name: 'LF for the empty line',
    text: 'GET / HTTP/1.1\r\nHost: a\r\n\n',
    error: 'bad_line_end',
  },
  { name: 'LF LF', text: 'GET / HTTP/1.1\r\nHost: a\n\n', error: 'bad_line_end' },
  {
    name: 'CR and no LF at the end',
    text: 'GET / HTTP/1.1\r\nHost: a\r\n\rx',
    error: 'bad_line_end',
  },
  { name: 'CR in a name', text: withField('A\r: b'), error: 'bad_field_name' },
  ...['\0', '\x07', '\x0b', '\x0c', '\x1f', '\x7f'].map((control) => ({
    name: `${JSON.stringify(control)} in a value`,
    text: withField(`A: b${control}c`),
    error: 'bad_field_value' as const,
  })),
  {
    name: 'VT in front of "chunked"',
    text: withField('Transfer-Encoding: \x0bchunked'),
    error: 'bad_field_value',
  },
  { name: 'no colon', text: withField('Ab'), error: 'bad_field_name' },
  { name: 'no name', text: withField(': b'), error: 'bad_field_name' },
  {
    name: 'a space before the colon',
    text: withField('Transfer-Encoding : chunked'),
    error: 'bad_field_name',
  },
  { name: 'a tab before the colon', text: withField('Host\t: b'), error: 'bad_field_name' },
  { name: 'a space in a name', text: withField('A b: c'), error: 'bad_field_name' },
  { name: 'obs-text in a name', text: withField('A\xe9: c'), error: 'bad_field_name' },
  { name: 'NUL in a name', text: withField('A\0: c'), error: 'bad_field_name' },
  { name: 'a bracket in a name', text: withField('A(b): c'), error: 'bad_field_name' },
  { name: 'a folded line', text: withField('A: b\r\n c'), error: 'obsolete_fold' },
  {
    name: 'a tab before the first field',
    text: 'GET / HTTP/1.1\r\n\tHost: a\r\n\r\n',
    error: 'obsolete_fold',
  },
  {
    name: 'a space before Transfer-Encoding',
    text: withField(' Transfer-Encoding: chunked'),
    error: 'obsolete_fold',
  },
];
