/** The header fields that go to a backend: the client's, without what ends here, with what the balancer says itself. */
import * as names from '../http1/field-names.ts';
import type { Exchange } from './exchange.ts';
import { ForwardedFields, isIdentityAlias, isIdentityField } from './forwarded-fields.ts';
import { connectionNamed } from './hop-by-hop.ts';
import type { RequestHead } from './request-head.ts';

/** How the balancer calls itself in Via. */
const PSEUDONYM = 'lb';

/** Methods whose Max-Forwards counts down (RFC 9110 section 7.6.2). */
const COUNTED = new Set(['OPTIONS', 'TRACE']);

/** Builds the fields, names and values in turn; framing (Content-Length, Transfer-Encoding) is the engine's. */
export function requestHeaders(exchange: Exchange, hostSent: string): string[] {
  const { head, connection, services } = exchange;
  if (head === undefined) throw new Error('a request that is forwarded has a head');
  const { trustedProxies, requestIdHeader } = services.runtime();
  const forwarded = new ForwardedFields({
    clientAddress: exchange.clientAddress,
    peerAddress: connection.peerAddress,
    peerIsTrusted: head.mayIdentify && trustedProxies.trusts(connection.peerAddress),
    scheme: 'http',
    port: connection.localPort,
    host: exchange.host,
  });
  const kept: string[] = ['Host', hostSent];
  copyFields(head, requestIdHeader.toLowerCase(), forwarded, kept);
  // TE ends at this hop, but for the one word that the balancer can keep: it passes trailers on (RFC 9110 section 10.1.4).
  if (head.te !== undefined && /(^|,)\s*trailers\s*(,|;|$)/i.test(head.te)) {
    kept.push('TE', 'trailers', 'Connection', 'keep-alive, TE');
  }
  forwarded.write(kept);
  const version = head.httpMinor === 1 ? '1.1' : '1.0';
  kept.push('Via', `${head.via === undefined ? '' : `${head.via}, `}${version} ${PSEUDONYM}`);
  kept.push(requestIdHeader, exchange.id);
  return kept;
}

/** True when the request has come through two balancers already: it runs in a circle (RFC 9110 section 7.6.3). */
export function isLooping(via: string | undefined): boolean {
  if (via === undefined) return false;
  return via.split(',').filter((entry) => entry.trim().split(/\s+/)[1] === PSEUDONYM).length >= 2;
}

function copyFields(
  head: RequestHead,
  idHeader: string,
  forwarded: ForwardedFields,
  into: string[],
): void {
  const { fields } = head;
  const named = connectionNamed(head.connection ?? '');
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    const kind = names.fieldKind(name);
    if (kind === names.OTHER && named === undefined && name.length !== idHeader.length) {
      into.push(name, value);
      continue;
    }
    if (names.endsHere(kind) || isWrittenAnew(kind)) continue;
    const lower = name.toLowerCase();
    if (named?.has(lower) === true || lower === idHeader) continue;
    if (isIdentityField(lower)) forwarded.take(name, lower, value);
    else if (kind === names.MAX_FORWARDS) into.push(name, countedDown(value, head.method));
    else if (!isIdentityAlias(lower)) into.push(name, value);
  }
}

/** Fields that the balancer or its engine writes; Expect is answered here. */
function isWrittenAnew(kind: names.FieldKind): boolean {
  return (
    kind === names.HOST ||
    kind === names.CONTENT_LENGTH ||
    kind === names.EXPECT ||
    kind === names.VIA
  );
}

function countedDown(value: string, method: string): string {
  const counts = COUNTED.has(method) && /^\d+$/.test(value);
  return counts ? String(Math.max(0, Number.parseInt(value, 10) - 1)) : value;
}
