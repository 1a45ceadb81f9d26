/** Header fields that belong to the balancer or to one connection, and may not be edited by a route. */

const HOP = 'it belongs to one connection and never passes the balancer (RFC 9110 section 7.6.1)';
const FRAMING = 'it frames the message; a wrong one is request smuggling (RFC 9112 section 6)';

const REASONS: Readonly<Record<string, string>> = {
  host: 'use rewrite.host',
  'content-length': FRAMING,
  'transfer-encoding': FRAMING,
  trailer: FRAMING,
  connection: HOP,
  'keep-alive': HOP,
  'proxy-connection': HOP,
  te: HOP,
  upgrade: HOP,
  'proxy-authenticate': HOP,
  'proxy-authorization': HOP,
  via: 'the balancer finds request loops by it (RFC 9110 section 7.6.3)',
  expect: 'the balancer answers it or passes it on by itself (RFC 9110 section 10.1.1)',
};

/** Why a header cannot be edited, or undefined when it can. */
export function ownedHeader(name: string): string | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(REASONS, key) ? REASONS[key] : undefined;
}
