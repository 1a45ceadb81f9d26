/** Answers a request with what is stored. @see RFC 9111 section 4 */
import { flat } from '../http1/flat.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import { valueOf } from '../http1/field-names.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Route } from '../request/route.ts';
import { allowsRange, isNotModified } from './conditions.ts';
import type { Entry } from './entry.ts';
import { contentRange, multipart, type Part, partsOf } from './ranges.ts';
import { BodyPieces, PIECE_BYTES } from './body-pieces.ts';
import { CONDITIONAL, RANGE } from './request-traits.ts';

/** How an entry is used for a request. */
export interface Use {
  readonly route: Route;
  readonly entry: Entry;
  /** traitsOf the request. */
  readonly traits: number;
}

/** Sends it whole, in part or as a confirmation, as the request wants it. @param useLines Age, and what else is said of this use */
export function sendStored(exchange: Exchange, use: Use, useLines: string): void {
  const { traits, entry } = use;
  if ((traits & CONDITIONAL) !== 0 && isNotModified(entry.answer, exchange)) {
    sendConfirmation(exchange, use, useLines);
    return;
  }
  const range = (traits & RANGE) === 0 ? undefined : exchange.header('range');
  if (range !== undefined && exchange.method === 'GET' && entry.answer.status === 200) {
    const isWanted = allowsRange(entry.answer, exchange.header('if-range'));
    const parts = isWanted ? partsOf(range, entry.answer.body.length) : undefined;
    if (parts !== undefined) {
      sendParts(exchange, use, { parts, useLines });
      return;
    }
  }
  const { status, statusLine, body } = entry.answer;
  begin(exchange, use, { status, statusLine, fields: entry.headFor(use.route).lines, useLines });
  sendBody(exchange, body, 0, body.length);
}

function sendConfirmation(exchange: Exchange, use: Use, useLines: string): void {
  const fields = use.entry.headFor(use.route).confirmation;
  const statusLine = 'HTTP/1.1 304 Not Modified\r\n';
  begin(exchange, use, { status: 304, statusLine, fields, useLines });
  exchange.response.end([]);
}

function sendParts(
  exchange: Exchange,
  use: Use,
  { parts, useLines }: { readonly parts: readonly Part[]; readonly useLines: string },
): void {
  const { body } = use.entry.answer;
  const fields = fieldsOf(use.entry.headFor(use.route).lines);
  const [first, ...others] = parts;
  if (first === undefined) {
    const lines = `Content-Range: bytes */${body.length}\r\nContent-Length: 0\r\n`;
    const kept = toLines(without(fields, ['content-length', 'content-type', 'content-encoding']));
    const statusLine = 'HTTP/1.1 416 Range Not Satisfiable\r\n';
    begin(exchange, use, { status: 416, statusLine, fields: kept + lines, useLines });
    exchange.response.end([]);
    return;
  }
  const statusLine = 'HTTP/1.1 206 Partial Content\r\n';
  if (others.length === 0) {
    const lines = `Content-Range: ${contentRange(first, body.length)}\r\nContent-Length: ${first.end - first.start}\r\n`;
    const kept = toLines(without(fields, ['content-length', 'content-range']));
    begin(exchange, use, { status: 206, statusLine, fields: kept + lines, useLines });
    sendBody(exchange, body, first.start, first.end);
    return;
  }
  const boundary = newBoundary(exchange);
  const all = multipart(body, parts, boundary, valueOf(fields, 'content-type'));
  const lines = `Content-Type: multipart/byteranges; boundary=${boundary}\r\nContent-Length: ${all.length}\r\n`;
  const kept = toLines(without(fields, ['content-length', 'content-range', 'content-type']));
  begin(exchange, use, { status: 206, statusLine, fields: kept + lines, useLines });
  sendBody(exchange, all, 0, all.length);
}

interface SentHead {
  readonly status: number;
  readonly statusLine: string;
  readonly fields: string;
  readonly useLines: string;
}

function begin(exchange: Exchange, use: Use, sent: SentHead): void {
  const { status, statusLine, fields, useLines } = sent;
  const { response, connection, services, answerLines, id } = exchange;
  const idLine = `${services.runtime().requestIdHeader}: ${id}\r\n`;
  const { hasDate } = use.entry.headFor(use.route);
  const text = fields + useLines + idLine + answerLines;
  const closes = connection.isEnding || !connection.hasWholeRequest;
  response.begin(status, statusLine, { text, hasLength: true, hasDate }, closes);
}

function sendBody(exchange: Exchange, body: Buffer, start: number, end: number): void {
  const { response } = exchange;
  if (end - start > PIECE_BYTES) {
    new BodyPieces(exchange, body, start, end).resume();
    return;
  }
  response.writeKept(body, start, end);
  response.end([]);
}

function without(fields: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!names.includes((fields[i] as string).toLowerCase()))
      kept.push(fields[i] as string, fields[i + 1] as string);
  }
  return kept;
}

/** In none of the parts, but for bad luck. */
function newBoundary({ services }: Exchange): string {
  const digits = (): string => services.random().toString(36).slice(2);
  return flat(`lb-${digits()}${digits()}`);
}
