/** The header fields that go to a backend: the client's, without what ends here, with what the balancer says itself. */
import type { IncomingMessage } from 'node:http';
import {
  ForwardedFields,
  type ForwardedIdentity,
  isIdentityAlias,
  isIdentityField,
} from './forwarded-fields.ts';
import { connectionNamed, isHopByHop } from './hop-by-hop.ts';

/** Builds the fields, names and values in turn; framing (Content-Length, Transfer-Encoding) is the engine's. */
export function requestHeaders(
  request: IncomingMessage,
  identity: ForwardedIdentity,
  hostSent: string,
): string[] {
  const { rawHeaders: raw, httpVersion, method = '' } = request;
  const named = connectionNamed(raw);
  const idHeader = identity.requestIdHeader.toLowerCase();
  const kept: string[] = ['Host', hostSent];
  const forwarded = new ForwardedFields(identity);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (isHopByHop(lower) || named?.has(lower) === true || OURS.has(lower)) continue;
    if (isIdentityField(lower)) forwarded.take(name, lower, value);
    else if (lower === 'max-forwards') kept.push(name, countedDown(value, method));
    else if (lower !== idHeader && !isIdentityAlias(lower)) kept.push(name, value);
  }
  if (takesTrailers(request)) kept.push('TE', 'trailers', 'Connection', 'keep-alive, TE');
  forwarded.write(kept);
  const { via } = request.headers;
  kept.push('Via', `${via === undefined ? '' : `${via}, `}${httpVersion} ${PSEUDONYM}`);
  kept.push(identity.requestIdHeader, identity.requestId);
  return kept;
}

/** True when the request has come through two balancers already: it runs in a circle (RFC 9110 section 7.6.3). */
export function isLooping(request: IncomingMessage): boolean {
  const { via } = request.headers;
  if (via === undefined) return false;
  return via.split(',').filter((entry) => entry.trim().split(/\s+/)[1] === PSEUDONYM).length >= 2;
}

/** How the balancer calls itself in Via. */
const PSEUDONYM = 'lb';

/** Fields that the balancer or its engine writes anew; Expect is answered here. */
const OURS = new Set(['host', 'content-length', 'expect', 'via']);

/** Methods whose Max-Forwards counts down (RFC 9110 section 7.6.2). */
const COUNTED = new Set(['OPTIONS', 'TRACE']);

function countedDown(value: string, method: string): string {
  const counts = COUNTED.has(method) && /^\d+$/.test(value);
  return counts ? String(Math.max(0, Number.parseInt(value, 10) - 1)) : value;
}

/** TE ends at this hop, but for the one word that the balancer can keep: it passes trailers on (RFC 9110 section 10.1.4). */
function takesTrailers({ headers: { te } }: IncomingMessage): boolean {
  return te !== undefined && /(^|,)\s*trailers\s*(,|;|$)/i.test(String(te));
}
