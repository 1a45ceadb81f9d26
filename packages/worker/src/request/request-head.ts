/**
 * The head of a request: what its fields say about its framing and its connection, read in one pass.
 * Security code: request smuggling lives in what two readers take for the length (RFC 9112 sections 6.1, 6.3).
 */
import { runEnd, TOKEN_BYTES } from '../http1/characters.ts';
import { parseContentLength } from '../http1/content-length.ts';
import * as names from '../http1/field-names.ts';
import { type HeadText, MARK_LENGTH } from '../http1/head-text.ts';
import { METHODS } from '../http1/methods.ts';
import type { ParseError } from '../http1/parse-error.ts';
import { saysChunked } from '../http1/transfer-encoding.ts';

const SPACE = 0x20;
const HTAB = 0x09;
const ZERO = 0x30;

const BEFORE_MINOR = Buffer.from(' HTTP/1.', 'latin1');
const VERSION_LENGTH = BEFORE_MINOR.length + 1;

/**
 * Each as the one string that all comparisons meet. A method that is in no registry is refused
 * rather than forwarded: a backend that takes `post` for POST would be past every rule that names POST.
 */
const KNOWN_METHODS = new Map(METHODS.map((method) => [method, method]));

export class RequestHead {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  /** The client speaks HTTP/1.this. */
  readonly httpMinor: 0 | 1;
  /** As it came. */
  readonly lines: HeadText;
  contentLength: number | undefined;
  isChunked = false;
  /** Lines of Host. */
  hostCount = 0;
  host: string | undefined;
  /** Lower case, joined. */
  connection: string | undefined;
  te: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  via: string | undefined;
  maxForwards: string | undefined;
  /** Some field may say who the client is. */
  mayIdentify = false;

  constructor(method: string, target: string, httpMinor: 0 | 1, lines: HeadText) {
    this.method = method;
    this.target = target;
    this.httpMinor = httpMinor;
    this.lines = lines;
  }

  /** All lines of a name, joined by commas; undefined when there is none. @param lower the name in lower case */
  header(lower: string): string | undefined {
    return this.lines.named(lower);
  }

  /** It says that a body follows, even an empty one. */
  get announcesBody(): boolean {
    return this.isChunked || this.contentLength !== undefined;
  }

  /** Not a byte of body follows. */
  get isBodyless(): boolean {
    return !this.isChunked && (this.contentLength ?? 0) === 0;
  }

  /** The client wants to go on with this connection. @see RFC 9112 section 9.3 */
  get keepsAlive(): boolean {
    const { connection } = this;
    if (connection === undefined) return this.httpMinor === 1;
    if (connection === 'keep-alive') return true;
    if (connection === 'close') return false;
    const options = connection.split(',').map((option) => option.trim());
    if (options.includes('close')) return false;
    return this.httpMinor === 1 || options.includes('keep-alive');
  }
}

/**
 * True for `method SP target SP HTTP/1.0` and `1.1`: one space each. What the target is made of is looked at when it
 * is read. The bytes are known to be VCHAR, SP, HTAB or obs-text.
 * @see RFC 9112 section 3
 */
export function isRequestLine(bytes: Buffer, start: number, end: number): boolean {
  const targetEnd = end - VERSION_LENGTH;
  if (targetEnd <= start) return false;
  for (let i = 0; i < BEFORE_MINOR.length; i++) {
    if (bytes[targetEnd + i] !== BEFORE_MINOR[i]) return false;
  }
  const minor = (bytes[end - 1] as number) - ZERO;
  if (minor !== 0 && minor !== 1) return false;
  let at = runEnd(TOKEN_BYTES, bytes, start, targetEnd);
  if (at === start || bytes[at] !== SPACE || at + 1 >= targetEnd) return false;
  for (at++; at < targetEnd; at++) {
    if (bytes[at] === SPACE || bytes[at] === HTAB) return false;
  }
  return true;
}

/** Reads a head. @param lines its start line passed isRequestLine; kept in the head that is returned */
export function readRequestHead(lines: HeadText): RequestHead | ParseError {
  const { text, marks, fieldsStart } = lines;
  const lineEnd = fieldsStart - 2;
  const methodEnd = text.indexOf(' ');
  const method = KNOWN_METHODS.get(text.slice(0, methodEnd));
  if (method === undefined) return 'bad_request_line';
  const target = text.slice(methodEnd + 1, lineEnd - VERSION_LENGTH);
  const httpMinor = text.charCodeAt(lineEnd - 1) === ZERO ? 0 : 1;
  const head = new RequestHead(method, target, httpMinor, lines);
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
    const error = take(head, lines, mark);
    if (error !== undefined) return error;
  }
  if (!head.isChunked) return head;
  // A message with both is an attack, or a mistake that ought to be handled as an error. RFC 9112 section 6.3, rule 3.
  if (head.contentLength !== undefined) return 'length_and_chunked';
  // RFC 9112 section 6.1: the framing of an HTTP/1.0 message with it is to be treated as faulty (CVE-2026-2835).
  return head.httpMinor === 0 ? 'bad_transfer_encoding' : head;
}

function take(head: RequestHead, lines: HeadText, mark: number): ParseError | undefined {
  switch (lines.marks[mark]) {
    case names.HOST:
      head.hostCount++;
      head.host = lines.valueAt(mark);
      break;
    case names.CONTENT_LENGTH:
      // Equal ones may be merged or refused; others pick the first or the last. RFC 9112 section 6.3, rule 5.
      if (head.contentLength !== undefined) return 'bad_content_length';
      head.contentLength = parseContentLength(lines.valueAt(mark));
      return head.contentLength === undefined ? 'bad_content_length' : undefined;
    case names.TRANSFER_ENCODING:
      // Anything but one "chunked" is read in different ways by different readers. RFC 9112 sections 6.1 and 7.
      if (head.isChunked || !saysChunked(lines, mark)) return 'bad_transfer_encoding';
      head.isChunked = true;
      break;
    case names.CONNECTION:
      head.connection = joined(head.connection, lines.valueAt(mark).toLowerCase());
      break;
    case names.MAY_IDENTIFY:
      head.mayIdentify = true;
      break;
    default:
      join(head, lines, mark);
  }
  return undefined;
}

/** Keeps a field of which all that matters is its value. */
function join(head: RequestHead, lines: HeadText, mark: number): void {
  const key = JOINED[lines.marks[mark] as names.FieldKind];
  if (key !== undefined) head[key] = joined(head[key], lines.valueAt(mark));
}

const JOINED: Partial<
  Record<names.FieldKind, 'te' | 'upgrade' | 'expect' | 'via' | 'maxForwards'>
> = {
  [names.TE]: 'te',
  [names.UPGRADE]: 'upgrade',
  [names.EXPECT]: 'expect',
  [names.VIA]: 'via',
  [names.MAX_FORWARDS]: 'maxForwards',
};

function joined(before: string | undefined, line: string): string {
  return before === undefined ? line : `${before}, ${line}`;
}
