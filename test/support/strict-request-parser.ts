/**
 * Reads HTTP/1.1 requests by the letter of RFC 9112 and nothing more: the yardstick for what a backend is sent. What it
 * calls a violation is something that another server may read in another way.
 */

/** One message. Names and values are Latin-1 text, as on the wire. */
export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names as they came, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** What a connection's bytes amount to. */
export interface Reading {
  readonly requests: readonly StrictRequest[];
  /** Why the bytes behind the last request cannot be the beginning of another; undefined when they can. */
  readonly violation: string | undefined;
  /** Offset behind the last whole request. */
  readonly end: number;
}

/** Thrown where the grammar is broken; anything else that is missing just has not come yet. */
class Violation extends Error {}

/** Reads as many whole requests as there are. @param bytes everything received on one connection */
export function readRequests(bytes: Buffer): Reading {
  const text = bytes.toString('latin1');
  const requests: StrictRequest[] = [];
  let end = 0;
  try {
    while (end < text.length) {
      const read = readRequest(text, end);
      if (read === undefined) break;
      requests.push(read.request);
      end = read.end;
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { requests, violation: error.message, end };
  }
  return { requests, violation: undefined, end };
}

/** Values of all fields with this name, in their order. */
export function valuesOf(request: StrictRequest, name: string): string[] {
  const lower = name.toLowerCase();
  return request.headers.filter(([field]) => field.toLowerCase() === lower).map(([, v]) => v);
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/;
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*(.*?)[ \t]*$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^(\[[\da-fA-F:.]+\]|[\w.~!$&'()*+;=%-]*)(:\d*)?$/;
const CHUNK_LINE =
  /^([\dA-Fa-f]{1,13})((?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~\w]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~\w]+|"(?:[^"\\]|\\.)*"))?)*)$/;

function readRequest(
  text: string,
  start: number,
): { request: StrictRequest; end: number } | undefined {
  const head = readLines(text, start);
  if (head === undefined) return undefined;
  const [requestLine = '', ...fields] = head.lines;
  const match = REQUEST_LINE.exec(requestLine);
  if (match === null) throw new Violation(`request line ${JSON.stringify(requestLine)}`);
  const [, method = '', target = '', version = ''] = match;
  const headers = fields.map(readField);
  checkTarget(method, target);
  const of = (name: string): string[] =>
    headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
  checkHost(of('host'), version);
  const lengths = of('content-length');
  const codings = of('transfer-encoding');
  if (codings.length + lengths.length > 1) throw new Violation('ambiguous framing');
  if (codings.length === 1) {
    if (version !== '1.1' || codings[0]?.toLowerCase() !== 'chunked')
      throw new Violation(`Transfer-Encoding ${JSON.stringify(codings[0])}`);
    const chunked = readChunked(text, head.end);
    if (chunked === undefined) return undefined;
    const { body, trailers, end } = chunked;
    return { request: { method, target, version, headers, body, trailers }, end };
  }
  const [length = '0'] = lengths;
  if (!/^\d{1,15}$/.test(length)) throw new Violation(`Content-Length ${JSON.stringify(length)}`);
  const end = head.end + Number(length);
  if (text.length < end) return undefined;
  const body = text.slice(head.end, end);
  return { request: { method, target, version, headers, body, trailers: [] }, end };
}

function checkHost(hosts: readonly string[], version: string): void {
  if (hosts.length > 1 || (version === '1.1' && hosts.length === 0))
    throw new Violation(`${hosts.length} Host fields`);
  if (!HOST.test(hosts[0] ?? '')) throw new Violation(`Host ${JSON.stringify(hosts[0])}`);
}

function checkTarget(method: string, target: string): void {
  const isFine =
    target.startsWith('/') ||
    (target === '*' && method === 'OPTIONS') ||
    /^https?:\/\/[^/?#]+/i.test(target);
  if (!isFine || target.includes('#')) throw new Violation(`target ${JSON.stringify(target)}`);
}

/** Lines up to the first empty one, each ended by CRLF; undefined while that has not come. */
function readLines(
  text: string,
  start: number,
): { lines: readonly string[]; end: number } | undefined {
  const lines: string[] = [];
  let at = start;
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return undefined;
    at += line.length + 2;
    if (line === '' && lines.length > 0) return { lines, end: at };
    if (line === '') throw new Violation('an empty line before the request line');
    lines.push(line);
  }
}

function readLine(text: string, start: number): string | undefined {
  const lineFeed = text.indexOf('\n', start);
  const line = text.slice(start, lineFeed < 0 ? undefined : lineFeed);
  const carriageReturn = line.indexOf('\r');
  if (carriageReturn >= 0 && carriageReturn < line.length - 1) throw new Violation('a bare CR');
  if (lineFeed < 0) return undefined;
  if (carriageReturn < 0) throw new Violation('a bare LF');
  return line.slice(0, -1);
}

function readField(line: string): [string, string] {
  const match = FIELD.exec(line);
  const [, name = '', value = ''] = match ?? [];
  if (match === null || !FIELD_VALUE.test(value)) {
    throw new Violation(`field ${JSON.stringify(line)}`);
  }
  return [name, value];
}

function readChunked(
  text: string,
  start: number,
): { body: string; trailers: [string, string][]; end: number } | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return undefined;
    const match = CHUNK_LINE.exec(line);
    if (match === null) throw new Violation(`chunk size ${JSON.stringify(line)}`);
    at += line.length + 2;
    const size = Number.parseInt(match[1] ?? '', 16);
    if (size === 0) break;
    if (text.length < at + size + 2) return undefined;
    if (text.slice(at + size, at + size + 2) !== '\r\n') {
      throw new Violation('chunk data not followed by CRLF');
    }
    body += text.slice(at, at + size);
    at += size + 2;
  }
  const trailers: [string, string][] = [];
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return undefined;
    at += line.length + 2;
    if (line === '') return { body, trailers, end: at };
    trailers.push(readField(line));
  }
}
