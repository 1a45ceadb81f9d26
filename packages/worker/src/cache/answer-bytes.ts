/**
 * A stored answer as bytes, for Redis.
 *
 *     "LBCA" | version, 1 byte | CRC-32 of what follows | length of the head | the head as JSON | the body
 *
 * Whoever reads it may be another version, on another machine, and what it reads may be anything: it is checked whole.
 */
import { crc32 } from 'node:zlib';
import type { Freshness, StoredAnswer, StoredHead } from './stored-answer.ts';

/** An answer, and how old it was when it was written down. */
export interface AgedAnswer {
  readonly answer: StoredAnswer;
  readonly ageMs: number;
}

const MAGIC = Buffer.from('LBCA');
/** Another one for every change of what is written: the old ones are misses then. */
const VERSION = 1;

const VERSION_AT = MAGIC.length;
const CRC_AT = VERSION_AT + 1;
const LENGTH_AT = CRC_AT + 4;
const HEAD_AT = LENGTH_AT + 4;

export function answerToBytes({ answer: { body, ...head }, ageMs }: AgedAnswer): Buffer {
  const text = Buffer.from(JSON.stringify({ ...head, ageMs }));
  const bytes = Buffer.allocUnsafe(HEAD_AT + text.length + body.length);
  MAGIC.copy(bytes);
  bytes.writeUInt8(VERSION, VERSION_AT);
  bytes.writeUInt32LE(text.length, LENGTH_AT);
  text.copy(bytes, HEAD_AT);
  body.copy(bytes, HEAD_AT + text.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(LENGTH_AT)), CRC_AT);
  return bytes;
}

/** Returns undefined for what is damaged, or of another version. The body is a part of the bytes. */
export function answerFromBytes(bytes: Buffer): AgedAnswer | undefined {
  if (bytes.length < HEAD_AT || bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0)
    return undefined;
  if (bytes.readUInt8(VERSION_AT) !== VERSION) return undefined;
  if (bytes.readUInt32LE(CRC_AT) !== crc32(bytes.subarray(LENGTH_AT))) return undefined;
  const bodyAt = HEAD_AT + bytes.readUInt32LE(LENGTH_AT);
  if (bodyAt > bytes.length) return undefined;
  const read = readHead(bytes.toString('utf8', HEAD_AT, bodyAt));
  if (read === undefined) return undefined;
  const { ageMs, ...head } = read;
  return { answer: { ...head, body: bytes.subarray(bodyAt) }, ageMs };
}

type AgedHead = StoredHead & { readonly ageMs: number };

/** Field by field: what is sent to clients must be what a cache can have written. Security: CWE-113, CWE-502. */
function readHead(text: string): AgedHead | undefined {
  const read = parsed(text);
  if (!isRecord(read)) return undefined;
  const { status, statusLine, lines, vary, tags, etag, lastModified, wasAuthorized, ageMs } = read;
  const freshness = readFreshness(read['freshness']);
  const isWhole =
    isWholeNumber(status) &&
    status >= 100 &&
    status <= 599 &&
    isText(statusLine) &&
    STATUS_LINE.test(statusLine) &&
    isText(lines) &&
    FIELD_LINES.test(lines) &&
    isTexts(vary) &&
    isTexts(tags) &&
    isOptional(etag) &&
    isOptional(lastModified) &&
    typeof wasAuthorized === 'boolean' &&
    isDuration(ageMs) &&
    freshness !== undefined;
  return isWhole
    ? { status, statusLine, lines, freshness, vary, tags, etag, lastModified, wasAuthorized, ageMs }
    : undefined;
}

const STATUS_LINE = /^HTTP\/1\.1 \d{3} [\t\x20-\x7e\x80-\xff]*\r\n$/;
const FIELD_LINES = /^(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

function readFreshness(read: unknown): Freshness | undefined {
  if (!isRecord(read)) return undefined;
  const { receivedMs, initialAgeMs, lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = read;
  const { noCache, mayBeStale, immutable } = read;
  const isWhole =
    isDuration(receivedMs) &&
    isDuration(initialAgeMs) &&
    isDuration(lifetimeMs) &&
    isDuration(staleWhileRevalidateMs) &&
    isDuration(staleIfErrorMs) &&
    typeof noCache === 'boolean' &&
    typeof mayBeStale === 'boolean' &&
    typeof immutable === 'boolean';
  if (!isWhole) return undefined;
  return {
    receivedMs,
    initialAgeMs,
    lifetimeMs,
    noCache,
    mayBeStale,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    immutable,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not written by a cache, for all that its checksum fits.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isOptional(value: unknown): value is string | undefined {
  return value === undefined || (isText(value) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
}

function isWholeNumber(value: unknown): value is number {
  return Number.isInteger(value);
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}
