/**
 * Says what is wrong with the way a case was handled, from the bytes on both sides and RFC 9112 alone: nothing of the
 * product's is asked. Security code: request smuggling is a difference between these two sides (CWE-444).
 */
import type { RawResponse } from '../support/raw-client.ts';
import { type StrictRequest, readRequests, valuesOf } from '../support/strict-request-parser.ts';
import type { Case, Finding } from './corpus.ts';

/** What happened to one connection. */
export interface Observation {
  /** What the client sent. */
  readonly sent: Buffer;
  /** What the client got, without interim answers. */
  readonly answers: readonly RawResponse[];
  /** What the backend got, by connection. */
  readonly received: readonly Buffer[];
}

/**
 * What is wrong, with the detail of each; empty when nothing is.
 *
 * - unsafe: the backend got bytes that RFC 9112 does not allow.
 * - smuggled: the backend got a request that is none of the client's, by the client's message boundaries.
 * - accepted: a whole request of a case that must be refused came to the backend.
 * - over: a case that must pass was refused, or not every request of it answered.
 */
export function judge(expected: Case['expected'], seen: Observation): Map<Finding, string> {
  const findings = new Map<Finding, string>();
  const client = readClient(seen.sent);
  const backend = seen.received.map((bytes) => ({ bytes, ...readRequests(bytes) }));

  const violation = backend.map((reading) => reading.violation).find((text) => text !== undefined);
  if (violation !== undefined) findings.set('unsafe', violation);

  const unfinished = backend
    .map(({ bytes, end }) => requestLine(bytes.subarray(end)))
    .filter((line) => line !== undefined);
  const requests = backend.flatMap((reading) => reading.requests);
  const stranger = findStranger(client.requests, requests) ?? findOddStart(client.next, unfinished);
  if (stranger !== undefined) findings.set('smuggled', stranger);

  // What stands in front of the fault is a request like any other.
  const innocent = client.violation === undefined ? 0 : client.requests.length;
  if (expected === 'refuse' && requests.length > innocent)
    findings.set('accepted', `the backend got ${requests.map(nameOf).join(', ')}`);

  if (expected === 'pass') {
    const statuses = seen.answers.map(({ status }) => status);
    if (!isPassed(seen.answers) || statuses.length < answersDue(client.requests))
      findings.set('over', `answered ${statuses.join(', ') || 'nothing'}`);
  }
  return findings;
}

/** Every answer is one of success. */
export function isPassed(answers: readonly RawResponse[]): boolean {
  return answers.length > 0 && answers.every(({ status }) => status < 400);
}

/** The client's messages by the letter, and the first line of what is behind them. */
export interface ClientReading {
  readonly requests: readonly StrictRequest[];
  readonly violation: string | undefined;
  readonly next: string | undefined;
}

/** Empty lines in front of a request line are passed over. @see RFC 9112 section 2.2 */
export function readClient(sent: Buffer): ClientReading {
  const requests: StrictRequest[] = [];
  let rest = sent;
  for (;;) {
    while (rest.length >= 2 && rest.readUInt16BE(0) === CRLF) rest = rest.subarray(2);
    const reading = readRequests(rest);
    requests.push(...reading.requests);
    rest = rest.subarray(reading.end);
    const isAtEmptyLine = rest.length >= 2 && rest.readUInt16BE(0) === CRLF;
    if (!isAtEmptyLine) return { requests, violation: reading.violation, next: requestLine(rest) };
  }
}

const CRLF = 0x0d0a;

/** A request of the backend's for which the client sent none that is the same. */
function findStranger(
  sent: readonly StrictRequest[],
  received: readonly StrictRequest[],
): string | undefined {
  const left = [...sent];
  for (const request of received) {
    const place = left.findIndex((each) => isSame(each, request));
    if (place < 0) return `the client never sent ${nameOf(request)}`;
    left.splice(place, 1);
  }
  return undefined;
}

/** A message that the client did not end well may have begun at the backend, but no other may. */
function findOddStart(next: string | undefined, lines: readonly string[]): string | undefined {
  const [first, ...more] = lines;
  if (first === undefined) return undefined;
  if (more.length > 0) return `${lines.length} messages have begun`;
  const [method, target = ''] = first.split(' ');
  const [sentMethod, sentTarget = ''] = next?.split(' ') ?? [];
  if (method === sentMethod && canonical(target) === canonical(sentTarget)) return undefined;
  return `${JSON.stringify(first)} has begun, the client's was ${JSON.stringify(next)}`;
}

function isSame(sent: StrictRequest, received: StrictRequest): boolean {
  return (
    sent.method === received.method &&
    sent.body === received.body &&
    canonical(sent.target) === canonical(received.target)
  );
}

/** One spelling of a target in origin or absolute form, without its authority. @see RFC 3986 section 6.2.2 */
function canonical(target: string): string {
  const url = URL.parse(target.startsWith('/') ? `http://lb.test${target}` : target);
  if (url === null) return target;
  return (url.pathname + url.search).replace(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase();
  });
}

/** How many requests have to be answered: behind one that ends the connection, none. @see RFC 9112 section 9.3 */
function answersDue(requests: readonly StrictRequest[]): number {
  const last = requests.findIndex(
    (request) =>
      request.version !== '1.1' || /\bclose\b/i.test(valuesOf(request, 'connection').join()),
  );
  return last < 0 ? requests.length : last + 1;
}

function requestLine(bytes: Buffer): string | undefined {
  return bytes.length === 0 ? undefined : bytes.toString('latin1').split('\r\n')[0];
}

function nameOf({ method, target, body }: StrictRequest): string {
  return `${method} ${target}${body === '' ? '' : ` with ${body.length} bytes`}`;
}
