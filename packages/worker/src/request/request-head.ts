/**
 * The head of a request: what its fields say about its framing and its connection, read in one pass.
 * Security code: request smuggling lives in what two readers take for the length (RFC 9112 sections 6.1, 6.3).
 */
import { METHOD_BYTES, runEnd } from '../http1/characters.ts';
import { parseContentLength } from '../http1/content-length.ts';
import * as names from '../http1/field-names.ts';
import type { ParseError } from '../http1/parse-error.ts';

const SPACE = 0x20;
const HTAB = 0x09;
const ZERO = 0x30;

const BEFORE_MINOR = Buffer.from(' HTTP/1.', 'latin1');
const VERSION_LENGTH = BEFORE_MINOR.length + 1;

export class RequestHead {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  /** The client speaks HTTP/1.this. */
  readonly httpMinor: 0 | 1;
  /** Names and values in turn, as they came, Latin-1. */
  readonly fields: readonly string[];
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

  constructor(method: string, target: string, httpMinor: 0 | 1, fields: readonly string[]) {
    this.method = method;
    this.target = target;
    this.httpMinor = httpMinor;
    this.fields = fields;
  }

  /** All lines of a name, joined by commas; undefined when there is none. @param lower the name in lower case */
  header(lower: string): string | undefined {
    return names.valueOf(this.fields, lower);
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
 * True for `method SP target SP HTTP/1.0` and `1.1`: one space each. Raw bytes above ASCII pass in the target: some clients
 * send them, and no one reads them as an end. The bytes are known to be VCHAR, SP, HTAB or obs-text.
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
  let at = runEnd(METHOD_BYTES, bytes, start, targetEnd);
  if (at === start || bytes[at] !== SPACE || at + 1 === targetEnd) return false;
  for (at++; at < targetEnd; at++) {
    if (bytes[at] === SPACE || bytes[at] === HTAB) return false;
  }
  return true;
}

/**
 * Reads a head.
 * @param startLine one that passed isRequestLine
 * @param fields names and values in turn; kept in the head that is returned
 */
export function readRequestHead(
  startLine: string,
  fields: readonly string[],
): RequestHead | ParseError {
  const methodEnd = startLine.indexOf(' ');
  const targetEnd = startLine.length - VERSION_LENGTH;
  const head = new RequestHead(
    startLine.slice(0, methodEnd),
    startLine.slice(methodEnd + 1, targetEnd),
    startLine.charCodeAt(startLine.length - 1) === ZERO ? 0 : 1,
    fields,
  );
  for (let i = 0; i < fields.length; i += 2) {
    const kind = names.fieldKind(fields[i] as string);
    if (kind === names.OTHER) continue;
    const error = take(head, kind, fields[i + 1] as string);
    if (error !== undefined) return error;
  }
  if (!head.isChunked) return head;
  // A message with both is an attack, or a mistake that ought to be handled as an error. RFC 9112 section 6.3, rule 3.
  if (head.contentLength !== undefined) return 'length_and_chunked';
  // RFC 9112 section 6.1: the framing of an HTTP/1.0 message with it is to be treated as faulty (CVE-2026-2835).
  return head.httpMinor === 0 ? 'bad_transfer_encoding' : head;
}

function take(head: RequestHead, kind: names.FieldKind, value: string): ParseError | undefined {
  switch (kind) {
    case names.HOST:
      head.hostCount++;
      head.host = value;
      break;
    case names.CONTENT_LENGTH:
      // Equal ones may be merged or refused; others pick the first or the last. RFC 9112 section 6.3, rule 5.
      if (head.contentLength !== undefined) return 'bad_content_length';
      head.contentLength = parseContentLength(value);
      return head.contentLength === undefined ? 'bad_content_length' : undefined;
    case names.TRANSFER_ENCODING:
      // Anything but one "chunked" is read in different ways by different readers. RFC 9112 sections 6.1 and 7.
      if (head.isChunked || value.toLowerCase() !== 'chunked') return 'bad_transfer_encoding';
      head.isChunked = true;
      break;
    case names.CONNECTION:
      head.connection = joined(head.connection, value.toLowerCase());
      break;
    case names.TE:
      head.te = joined(head.te, value);
      break;
    case names.UPGRADE:
      head.upgrade = joined(head.upgrade, value);
      break;
    case names.EXPECT:
      head.expect = joined(head.expect, value);
      break;
    case names.VIA:
      head.via = joined(head.via, value);
      break;
    case names.MAX_FORWARDS:
      head.maxForwards = joined(head.maxForwards, value);
      break;
    case names.MAY_IDENTIFY:
      head.mayIdentify = true;
      break;
    default:
  }
  return undefined;
}

function joined(before: string | undefined, line: string): string {
  return before === undefined ? line : `${before}, ${line}`;
}
