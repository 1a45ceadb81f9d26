/** The header fields that go to a backend: the client's, without what ends here, with what the balancer says itself. */
import type { IncomingMessage } from 'node:http';
import { connectionNamed, isHopByHop } from './hop-by-hop.ts';

/** What the fields are made from. */
export interface ForwardedIdentity {
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly peerIsTrusted: boolean;
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly host: string | undefined;
  readonly requestId: string;
  /** Name of the request id's field, as configured. */
  readonly requestIdHeader: string;
}

/** Builds the fields, names and values in turn; framing (Content-Length, Transfer-Encoding) is the engine's. */
export function requestHeaders(
  request: IncomingMessage,
  identity: ForwardedIdentity,
  hostSent: string,
): string[] {
  const { rawHeaders: raw } = request;
  const named = connectionNamed(raw);
  const idHeader = identity.requestIdHeader.toLowerCase();
  const kept: string[] = ['Host', hostSent];
  const believed: Believed = {};
  let via = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (isHopByHop(lower) || named?.has(lower) === true || OURS.has(lower) || lower === idHeader) {
      if (lower === 'via') via = via === '' ? value : `${via}, ${value}`;
      else if (lower === 'te' && /(^|,)\s*trailers\s*(,|;|$)/i.test(value))
        kept.push('TE', 'trailers', 'Connection', 'keep-alive, TE');
      continue;
    }
    if (isIdentity(lower)) {
      if (identity.peerIsTrusted && !isAlias(lower)) believe(believed, kept, name, lower, value);
      continue;
    }
    if (isAlias(lower)) continue;
    kept.push(name, lower === 'max-forwards' ? countedDown(value, request.method ?? '') : value);
  }
  appendIdentity(kept, identity, believed);
  const version = request.httpVersion;
  kept.push('Via', via === '' ? `${version} ${PSEUDONYM}` : `${via}, ${version} ${PSEUDONYM}`);
  kept.push(identity.requestIdHeader, identity.requestId);
  return kept;
}

/** How the balancer calls itself in Via. */
const PSEUDONYM = 'lb';

/** True when the request has come through two balancers already: it runs in a circle (RFC 9110 section 7.6.3). */
export function isLooping(request: IncomingMessage): boolean {
  const { via } = request.headers;
  if (via === undefined) return false;
  return via.split(',').filter((entry) => entry.trim().split(/\s+/)[1] === PSEUDONYM).length >= 2;
}

/** Fields that the balancer or its engine writes anew; Expect is answered here. */
const OURS = new Set(['host', 'content-length', 'expect', 'via']);

/** Methods whose Max-Forwards counts down (RFC 9110 section 7.6.2). */
const COUNTED = new Set(['OPTIONS', 'TRACE']);

function countedDown(value: string, method: string): string {
  const counts = COUNTED.has(method) && /^\d+$/.test(value);
  return counts ? String(Math.max(0, Number.parseInt(value, 10) - 1)) : value;
}

/** X-Forwarded-* values of a trusted proxy that stay in force. */
interface Believed {
  for?: string;
  proto?: string;
  host?: string;
  port?: string;
}

function isIdentity(lower: string): boolean {
  return lower.startsWith('x-forwarded-') || lower === 'forwarded' || lower === 'x-real-ip';
}

/** `X_Forwarded_For`, `X-Forwarded.For`: some backends read them as the real name (CVE class: header aliasing). */
function isAlias(lower: string): boolean {
  if (!/[_.]/.test(lower)) return false;
  const canonical = lower.replace(/[_.]/g, '-');
  return isIdentity(canonical) || canonical === 'x-request-id';
}

function believe(
  believed: Believed,
  kept: string[],
  name: string,
  lower: string,
  value: string,
): void {
  switch (lower) {
    case 'x-forwarded-for':
      believed.for = believed.for === undefined ? value : `${believed.for}, ${value}`;
      return;
    case 'x-forwarded-proto':
      believed.proto = value;
      return;
    case 'x-forwarded-host':
      believed.host = value;
      return;
    case 'x-forwarded-port':
      believed.port = value;
      return;
    case 'x-real-ip':
      // Written anew from the client address that was found.
      return;
    default:
      kept.push(name, value);
  }
}

function appendIdentity(kept: string[], identity: ForwardedIdentity, believed: Believed): void {
  const peer = identity.peerAddress;
  if (peer !== '')
    kept.push('X-Forwarded-For', believed.for === undefined ? peer : `${believed.for}, ${peer}`);
  else if (believed.for !== undefined) kept.push('X-Forwarded-For', believed.for);
  kept.push('X-Forwarded-Proto', believed.proto ?? identity.scheme);
  const host = believed.host ?? identity.host;
  if (host !== undefined) kept.push('X-Forwarded-Host', host);
  if (identity.port > 0 || believed.port !== undefined) {
    kept.push('X-Forwarded-Port', believed.port ?? String(identity.port));
  }
  if (identity.clientAddress !== '') kept.push('X-Real-IP', identity.clientAddress);
}
