/**
 * Reads the answers on a client's connection by the letter of RFC 9112 and nothing more: the yardstick for what a client is
 * sent. What it calls a violation is something that some client would read in another way.
 */

/** How the connection stands behind the bytes: still open, closed in order, or torn down. */
export type ConnectionEnd = 'open' | 'closed' | 'reset';

/** Names and values as on the wire, in their order. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** One answer. Everything is Latin-1 text. */
export interface StrictAnswer {
  /** Interim answers in front of it. */
  readonly interim: readonly { readonly status: number; readonly fields: Fields }[];
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly body: string;
  readonly trailers: Fields;
  /** A careful client believes that it has all of it. */
  readonly isComplete: boolean;
}

/** What a connection's bytes amount to. */
export interface AnswerReading {
  /** In the order of the requests; the last may be incomplete. */
  readonly answers: readonly StrictAnswer[];
  /** What breaks the grammar, or came unasked; undefined when nothing does. */
  readonly violation: string | undefined;
}

/** Thrown where the grammar is broken; anything else that is missing just has not come yet. */
class Violation extends Error {}

/** @param methods of the requests that were sent; the answer to HEAD has no body */
export function readAnswers(
  bytes: Buffer,
  methods: readonly string[],
  end: ConnectionEnd,
): AnswerReading {
  const text = bytes.toString('latin1');
  const answers: StrictAnswer[] = [];
  let at = 0;
  try {
    for (const method of methods) {
      const read = readAnswer(text, at, method, end);
      if (read === undefined) return { answers, violation: undefined };
      answers.push(read.answer);
      at = read.end;
      if (!read.answer.isComplete) return { answers, violation: undefined };
    }
    if (at < text.length)
      throw new Violation(`unasked: ${JSON.stringify(text.slice(at, at + 80))}`);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { answers, violation: error.message };
  }
  return { answers, violation: undefined };
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
/** What no sender may put into a trailer. @see RFC 9110 section 6.5.1 */
const NOT_IN_TRAILERS =
  /^(content-length|transfer-encoding|host|set-cookie|connection|te|trailer)$/i;

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly end: number;
}

function readAnswer(
  text: string,
  start: number,
  method: string,
  end: ConnectionEnd,
): { answer: StrictAnswer; end: number } | undefined {
  const interim: { status: number; fields: Fields }[] = [];
  let head = readHead(text, start);
  while (head !== undefined && head.status < 200) {
    if (head.status === 101) throw new Violation('101 that nobody asked for');
    if (/content-length|transfer-encoding/i.test(namesOf(head.fields)))
      throw new Violation(`framing in ${head.status}`);
    interim.push({ status: head.status, fields: head.fields });
    head = readHead(text, head.end);
  }
  if (head === undefined) return undefined;
  const { status, reason, fields } = head;
  const body = readBody(text, head, method, end);
  return { answer: { interim, status, reason, fields, ...body.part }, end: body.end };
}

function readHead(text: string, start: number): Head | undefined {
  const lines: string[] = [];
  let at = start;
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return undefined;
    at += line.length + 2;
    if (line === '') break;
    lines.push(line);
  }
  const [statusLine = '', ...rest] = lines;
  const match = STATUS_LINE.exec(statusLine);
  if (match === null) throw new Violation(`status line ${JSON.stringify(statusLine)}`);
  const [, status = '', reason = ''] = match;
  return { status: Number(status), reason, fields: rest.map(readField), end: at };
}

type Body = Pick<StrictAnswer, 'framing' | 'body' | 'trailers' | 'isComplete'>;

/** @see RFC 9112 section 6.3 */
function readBody(
  text: string,
  { status, fields, end: start }: Head,
  method: string,
  end: ConnectionEnd,
): { part: Body; end: number } {
  const values = (name: string): string[] =>
    fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Violation('ambiguous framing');
  const [length] = lengths;
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw new Violation(`Content-Length ${JSON.stringify(length)}`);
  if (codings.length > 0 && codings[0] !== 'chunked')
    throw new Violation(`Transfer-Encoding ${JSON.stringify(codings[0])}`);
  if (status === 204 && lengths.length + codings.length > 0) throw new Violation('framing in 204');
  const none = { framing: 'none', body: '', trailers: [], isComplete: true } as const;
  if (method === 'HEAD' || status === 204 || status === 304) return { part: none, end: start };
  if (codings.length > 0) return readChunked(text, start);
  if (length === undefined) {
    const part = { framing: 'close', body: text.slice(start), trailers: [] } as const;
    return { part: { ...part, isComplete: end === 'closed' }, end: text.length };
  }
  const stop = start + Number(length);
  const body = text.slice(start, stop);
  const isComplete = text.length >= stop;
  return { part: { framing: 'length', body, trailers: [], isComplete }, end: stop };
}

function readChunked(text: string, start: number): { part: Body; end: number } {
  let body = '';
  let at = start;
  const cut = (): { part: Body; end: number } => ({
    part: { framing: 'chunked', body, trailers: [], isComplete: false },
    end: text.length,
  });
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return cut();
    // An intermediary has no business with extensions of its own.
    if (!/^[\da-fA-F]{1,13}$/.test(line)) throw new Violation(`chunk size ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    at += line.length + 2;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    if (text.length < at + 2) return cut();
    if (!text.startsWith('\r\n', at)) throw new Violation('chunk data not followed by CRLF');
    at += 2;
  }
  const trailers: [string, string][] = [];
  for (;;) {
    const line = readLine(text, at);
    if (line === undefined) return cut();
    at += line.length + 2;
    if (line === '') break;
    const trailer = readField(line);
    if (NOT_IN_TRAILERS.test(trailer[0])) throw new Violation(`trailer ${trailer[0]}`);
    trailers.push(trailer);
  }
  return { part: { framing: 'chunked', body, trailers, isComplete: true }, end: at };
}

/** Without its CRLF; undefined while that has not come. */
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
  if (match === null) throw new Violation(`field ${JSON.stringify(line)}`);
  const [, name = '', value = ''] = match;
  return [name, value];
}

function namesOf(fields: Fields): string {
  return fields.map(([name]) => name).join(',');
}
