/**
 * Where a request wants to go: its target and its host, checked once, before anything else looks at them.
 * Security code: routing confusion lives in a Host and a target that two readers understand in two ways (RFC 9112 section 3.2).
 */
import { flat } from '../http1/flat.ts';
import { parseTarget, type Target } from './path.ts';
import type { RequestHead } from './request-head.ts';

/** What a request is routed by. */
export interface Destination {
  readonly target: Target;
  /** Host as the client sent it, or undefined for an HTTP/1.0 request without one. */
  readonly host: string | undefined;
  /** Host without port, in lower case; '' without Host. */
  readonly hostname: string;
}

/** A request that is refused, or answered without routing. */
export interface RefusedHead {
  readonly status: 400 | 413 | 431 | 200;
  /** One plain sentence, for the client and the log. */
  readonly message: string;
}

/** A Host that was found to be well-formed: nearly all requests of a connection have the same. */
export interface HostMemo {
  readonly host: string;
  readonly hostname: string;
}

/** A connection, as far as it matters here. */
interface HostKeeper {
  hostMemo: HostMemo | undefined;
}

/** `OPTIONS *` asks about the server as a whole: the balancer answers for itself. */
const OPTIONS_ASTERISK: RefusedHead = { status: 200, message: 'options' };

/** RFC 3986 section 3.2.2 without escapes, which would name one host twice, and commas, which join two fields. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=-]+)(?::(\d{0,5}))?$/i;

/** Reads where a request goes. @param connection keeps its last Host */
export function readDestination(
  head: RequestHead,
  connection: HostKeeper,
): Destination | RefusedHead {
  const { host, target } = head;
  const hostname = readHost(head, connection);
  if (typeof hostname !== 'string') return hostname;
  if (target.startsWith('/')) return toDestination(target, host, hostname);
  if (target === '*') {
    return head.method === 'OPTIONS' ? OPTIONS_ASTERISK : bad('"*" is a target for OPTIONS only');
  }
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/is.exec(target);
  if (absolute === null) return bad('malformed request target');
  const [, authority = '', rest = ''] = absolute;
  if (!isHost(authority)) return bad('malformed authority in the request target');
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
    return bad('Host differs from the authority of the request target');
  }
  return toDestination(rest.startsWith('/') ? rest : `/${rest}`, authority, toHostname(authority));
}

/** Whether it may be routed. */
export function isRefused(read: Destination | RefusedHead): read is RefusedHead {
  return 'status' in read;
}

/** The host without its port; '' for an HTTP/1.0 request without one. */
function readHost(head: RequestHead, connection: HostKeeper): string | RefusedHead {
  const { host, hostCount, httpMinor } = head;
  if (hostCount > 1) return bad('more than one Host header');
  if (host === undefined) return httpMinor === 1 ? bad('missing Host header') : '';
  const known = connection.hostMemo;
  if (known !== undefined && known.host === host) return known.hostname;
  if (!isHost(host)) return bad('malformed Host header');
  const kept = flat(host);
  const hostname = toHostname(kept);
  connection.hostMemo = { host: kept, hostname };
  return hostname;
}

function toDestination(
  origin: string,
  host: string | undefined,
  hostname: string,
): Destination | RefusedHead {
  const target = parseTarget(origin);
  return target === undefined ? bad('malformed path') : { target, host, hostname };
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

/** `Example.com:8080` -> `example.com`; a trailing dot names the same host. */
function toHostname(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

function bad(message: string): RefusedHead {
  return { status: 400, message };
}
