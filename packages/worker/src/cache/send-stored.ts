/** Answers a request with what is stored. @see RFC 9111 section 4 */
import type { Encoding } from '@lb/shared/model/encoding';
import { flat } from '../http1/flat.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import { valueOf } from '../http1/field-names.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Route } from '../request/route.ts';
import { allowsRange, isNotModified } from './conditions.ts';
import type { Entry } from './entry.ts';
import { contentRange, multipart, type Part, partsOf } from './ranges.ts';
import { BodyPieces } from './body-pieces.ts';
import type { BodyStore } from './body-store.ts';
import { KeptBody } from './kept-body.ts';
import { lengthLine } from './prepared-head.ts';
import { CONDITIONAL, RANGE } from './request-traits.ts';
import { StoredBody } from './stored-body.ts';
import type { Tier } from './tier.ts';

/** Up to so much a body is written together with its head; more is not copied. */
const COPIED_BYTES = 14 * 1024;

/** How an entry is used for a request. */
export interface Use {
  readonly route: Route;
  readonly entry: Entry;
  /** traitsOf the request. */
  readonly traits: number;
  /** Age, and what else is said of this use, as field lines. */
  readonly lines: string;
  /** Where the entry is. */
  readonly tier: Tier;
  /** Where its body is. */
  readonly store: BodyStore;
}

/** Sends it whole, in part or as a confirmation, as the request wants it. Its body must be there. */
export function sendStored(exchange: Exchange, use: Use): void {
  const { traits, entry } = use;
  const lines = exchange.head?.lines;
  if ((traits & CONDITIONAL) !== 0 && lines !== undefined && isNotModified(entry.answer, lines)) {
    sendConfirmation(exchange, use);
    return;
  }
  const range = (traits & RANGE) === 0 ? undefined : exchange.header('range');
  if (range !== undefined && exchange.method === 'GET' && entry.answer.status === 200) {
    const isWanted = allowsRange(entry.answer, exchange.header('if-range'));
    const parts = isWanted ? partsOf(range, entry.body.size) : undefined;
    if (parts !== undefined) {
      sendParts(exchange, use, parts);
      return;
    }
  }
  const { status, statusLine } = entry.answer;
  const { lines: fields, isCompressible } = entry.headFor(use.route);
  const encoding = isCompressible ? use.route.compression?.choose(exchange) : undefined;
  if (encoding !== undefined) {
    sendCoded(exchange, use, encoding);
    return;
  }
  begin(exchange, use, { status, statusLine, fields });
  sendBody(exchange, entry.body);
}

/** Sends it in a content coding: as it was compressed for somebody before, else compressed now, and kept. */
function sendCoded(exchange: Exchange, use: Use, encoding: Encoding): void {
  const { route, entry, tier } = use;
  const { compression } = route;
  const { status, statusLine } = entry.answer;
  const coded = entry.codedBody(encoding);
  const length = coded === undefined ? '' : lengthLine(status, coded.size);
  const fields = entry.headFor(route).codedLines(encoding) + length;
  begin(exchange, use, { status, statusLine, fields, hasLength: coded !== undefined });
  if (coded !== undefined) {
    compression?.reused(encoding);
    sendBody(exchange, coded);
    return;
  }
  if (exchange.method !== 'HEAD') {
    const target = new KeptBody(exchange.response, (pieces) =>
      tier.keepCoded(entry, encoding, pieces),
    );
    exchange.compressor = compression?.open({ encoding, holdMs: 0 }, target, exchange);
  }
  sendBody(exchange, entry.body);
}

function sendConfirmation(exchange: Exchange, use: Use): void {
  const { confirmation: text, hasDate } = use.entry.headFor(use.route);
  const { compression } = use.route;
  const lines = { text, hasLength: true, hasDate };
  const fields = compression?.head(exchange, 304, lines).lines.text ?? text;
  begin(exchange, use, { status: 304, statusLine: 'HTTP/1.1 304 Not Modified\r\n', fields });
  exchange.response.end([]);
}

function sendParts(exchange: Exchange, use: Use, parts: readonly Part[]): void {
  const { body } = use.entry;
  const fields = fieldsOf(use.entry.headFor(use.route).lines);
  const [first, ...others] = parts;
  if (first === undefined) {
    const lines = `Content-Range: bytes */${body.size}\r\nContent-Length: 0\r\n`;
    const kept = toLines(without(fields, ['content-length', 'content-type', 'content-encoding']));
    const statusLine = 'HTTP/1.1 416 Range Not Satisfiable\r\n';
    begin(exchange, use, { status: 416, statusLine, fields: kept + lines });
    exchange.response.end([]);
    return;
  }
  const statusLine = 'HTTP/1.1 206 Partial Content\r\n';
  if (others.length === 0) {
    const lines = `Content-Range: ${contentRange(first, body.size)}\r\nContent-Length: ${first.end - first.start}\r\n`;
    const kept = toLines(without(fields, ['content-length', 'content-range']));
    begin(exchange, use, { status: 206, statusLine, fields: kept + lines });
    sendBody(exchange, body, first);
    return;
  }
  const boundary = newBoundary(exchange);
  const all = multipart(body, parts, boundary, valueOf(fields, 'content-type'));
  const lines = `Content-Type: multipart/byteranges; boundary=${boundary}\r\nContent-Length: ${all.length}\r\n`;
  const kept = toLines(without(fields, ['content-length', 'content-range', 'content-type']));
  begin(exchange, use, { status: 206, statusLine, fields: kept + lines });
  const joined = StoredBody.of(use.store, [all]);
  sendBody(exchange, joined);
  joined.release();
}

interface SentHead {
  readonly status: number;
  readonly statusLine: string;
  readonly fields: string;
  /** They say how long the body is; true without it. */
  readonly hasLength?: boolean;
}

function begin(exchange: Exchange, use: Use, head: SentHead): void {
  const { status, statusLine, fields, hasLength = true } = head;
  const { response, connection, services, answerLines, id } = exchange;
  const idLine = `${services.runtime().requestIdHeader}: ${id}\r\n`;
  const { hasDate } = use.entry.headFor(use.route);
  const text = fields + use.lines + idLine + answerLines;
  const closes = connection.isEnding || !connection.hasWholeRequest;
  response.begin(status, statusLine, { text, hasLength, hasDate }, closes);
}

/** @param part default: all of it */
function sendBody(
  exchange: Exchange,
  body: StoredBody,
  { start, end }: Part = { start: 0, end: body.size },
): void {
  if (end - start > COPIED_BYTES) {
    new BodyPieces(exchange, body, start, end).resume();
    return;
  }
  const { target } = exchange;
  body.read(start, end, (bytes, from, to) => {
    target.write(bytes, from, to);
    return true;
  });
  target.end([]);
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
