/** What the head of an answer says: its status, where its body ends, whether its connection may serve again. */
import { parseContentLength } from '../../http1/content-length.ts';
import * as names from '../../http1/field-names.ts';
import { type HeadText, MARK_LENGTH } from '../../http1/head-text.ts';
import type { ParseError } from '../../http1/parse-error.ts';
import { saysChunked } from '../../http1/transfer-encoding.ts';

/**
 * How the end of the body is found: there is no body, after `contentLength` bytes, with the last chunk, or when the
 * connection closes.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

export interface ResponseHead {
  readonly status: number;
  /** The reason phrase, Latin-1; '' when there is none. */
  readonly statusMessage: string;
  /** The backend speaks HTTP/1.this. */
  readonly httpMinor: 0 | 1;
  /** As it came, hop-by-hop fields included. */
  readonly lines: HeadText;
  /** The connection may serve again once the message is complete: by version, Connection and framing. */
  readonly keepAlive: boolean;
  /** For how long the backend promises to keep an idle connection; the least when it says several. */
  readonly keepAliveTimeoutMs: number | undefined;
  readonly framing: Framing;
  /** What Content-Length says. With framing `none` (HEAD, 304) it is the length of a body that is not sent. */
  readonly contentLength: number | undefined;
}

const SPACE = 0x20;
const ZERO = 0x30;

const HTTP_VERSION = Buffer.from('HTTP/1.', 'latin1');

/** Seconds; what takes more digits is no promise but a mistake. */
const MAX_TIMEOUT_DIGITS = 9;

/** What the fields that this hop must understand say together. */
interface FramingFields {
  contentLength: number | undefined;
  isChunked: boolean;
  saysClose: boolean;
  saysKeepAlive: boolean;
  timeoutMs: number | undefined;
}

/**
 * True for `HTTP/1.0 200 Reason` and `HTTP/1.1 200 Reason`: one space each, three digits from 100 to 599. The space and the phrase may be missing together: the grammar wants the space, many servers leave
 * it out, nothing is read differently. Other versions have other framing. The bytes are known to be VCHAR, SP, HTAB or obs-text.
 * @see RFC 9112 section 4; RFC 9110 section 15 for the range
 */
export function isStatusLine(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < 12) return false;
  for (let i = 0; i < HTTP_VERSION.length; i++) {
    if (bytes[start + i] !== HTTP_VERSION[i]) return false;
  }
  const minor = (bytes[start + 7] as number) - ZERO;
  if (minor !== 0 && minor !== 1) return false;
  if (bytes[start + 8] !== SPACE) return false;
  const hundreds = (bytes[start + 9] as number) - ZERO;
  if (hundreds < 1 || hundreds > 5) return false;
  for (let i = 10; i < 12; i++) {
    const digit = (bytes[start + i] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return length === 12 || bytes[start + 12] === SPACE;
}

/**
 * Finds where the body ends. Contradictions are errors even where there is no body: the head would be passed on.
 * @param lines its start line passed isStatusLine; kept in the head that is returned
 * @param bodyless the request was HEAD
 */
export function readHead(lines: HeadText, bodyless: boolean): ResponseHead | ParseError {
  const { text } = lines;
  const status = digitAt(text, 9) * 100 + digitAt(text, 10) * 10 + digitAt(text, 11);
  const httpMinor = text.charCodeAt(7) === ZERO ? 0 : 1;
  const said: FramingFields = {
    contentLength: undefined,
    isChunked: false,
    saysClose: false,
    saysKeepAlive: false,
    timeoutMs: undefined,
  };
  const error = readFramingFields(lines, said);
  if (error !== undefined) return error;
  const { contentLength, isChunked } = said;
  if (isChunked) {
    // A message with both is an attack or a mistake that ought to be handled as an error. RFC 9112 section 6.3, rule 3.
    if (contentLength !== undefined) return 'length_and_chunked';
    // RFC 9112 section 6.1: framing is to be treated as faulty in HTTP/1.0; no Transfer-Encoding in 1xx and 204.
    if (httpMinor === 0 || status < 200 || status === 204) return 'bad_transfer_encoding';
  }
  const framing = framingOf(status, bodyless, said);
  return {
    status,
    statusMessage: text.slice(13, lines.fieldsStart - 2),
    httpMinor,
    lines,
    // RFC 9112 section 9.3: close wins, HTTP/1.1 persists, HTTP/1.0 has to say so. What ends by closing cannot.
    keepAlive: framing !== 'close' && !said.saysClose && (httpMinor === 1 || said.saysKeepAlive),
    keepAliveTimeoutMs: said.timeoutMs,
    framing,
    contentLength,
  };
}

/** @see RFC 9112 section 6.3 */
function framingOf(status: number, bodyless: boolean, said: FramingFields): Framing {
  // Rule 1: HEAD, 1xx, 204 and 304 have no body, whatever the fields say.
  if (bodyless || status < 200 || status === 204 || status === 304) return 'none';
  // Rule 4; that chunked is the final and only coding was seen to.
  if (said.isChunked) return 'chunked';
  // Rules 6 and 8.
  return said.contentLength === undefined ? 'close' : 'length';
}

function readFramingFields(lines: HeadText, said: FramingFields): ParseError | undefined {
  const { marks } = lines;
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
    switch (marks[mark]) {
      case names.CONTENT_LENGTH: {
        // A recipient may merge equal ones or reject them; others pick the first or the last. RFC 9112 section 6.3, rule 5.
        if (said.contentLength !== undefined) return 'bad_content_length';
        const contentLength = parseContentLength(lines.valueAt(mark));
        if (contentLength === undefined) return 'bad_content_length';
        said.contentLength = contentLength;
        break;
      }
      case names.TRANSFER_ENCODING:
        // Other codings, lists with empty members and repeated chunked are legal to write or not, but never alike to all
        // readers; we ask for none (no TE). RFC 9112 sections 6.1 and 7.
        if (said.isChunked || !saysChunked(lines, mark)) return 'bad_transfer_encoding';
        said.isChunked = true;
        break;
      case names.CONNECTION:
        readConnection(lines.valueAt(mark), said);
        break;
      case names.KEEP_ALIVE:
        readKeepAlive(lines.valueAt(mark), said);
        break;
      default:
    }
  }
  return undefined;
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - ZERO;
}

/** A list of tokens in any case, in one field or several. @see RFC 9110 section 7.6.1 */
function readConnection(value: string, said: FramingFields): void {
  const options = value.toLowerCase();
  // Nearly always one token: no list has to be made.
  if (options === 'keep-alive') said.saysKeepAlive = true;
  else if (options === 'close') said.saysClose = true;
  else if (options.includes(',')) {
    for (const option of options.split(',')) readConnection(option.trim(), said);
  }
}

/** `timeout=5, max=100`; a hint, so what cannot be read is left out. @see RFC 2068 section 19.7.1.1 */
function readKeepAlive(value: string, said: FramingFields): void {
  for (const parameter of value.split(',')) {
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== 'timeout') continue;
    const seconds = parameter.slice(equals + 1).trim();
    const parsed = seconds.length > MAX_TIMEOUT_DIGITS ? undefined : parseContentLength(seconds);
    if (parsed === undefined) continue;
    said.timeoutMs = Math.min(said.timeoutMs ?? Number.POSITIVE_INFINITY, parsed * 1_000);
  }
}
