/**
 * What Node's parser lets through and a balancer must not: checked once, before anything else looks at the request.
 * Security code: request smuggling and routing confusion live in these differences (RFC 9112 sections 3.2, 6.1, 6.3).
 */
import type { IncomingMessage } from 'node:http';
import { parseTarget, type Target } from './path.ts';

/** A request head that may be routed. */
export interface RequestHead {
  readonly target: Target;
  /** Host as the client sent it, or undefined for an HTTP/1.0 request without one. */
  readonly host: string | undefined;
  /** Host without port, in lower case; '' without Host. */
  readonly hostname: string;
}

/** A request head that is refused, or answered without routing. */
export interface RefusedHead {
  readonly status: 400 | 431 | 200;
  /** One plain sentence, for the client and the log. */
  readonly message: string;
}

/** `OPTIONS *` asks about the server as a whole: the balancer answers for itself. */
const OPTIONS_ASTERISK: RefusedHead = { status: 200, message: 'options' };

const TOO_MANY_FIELDS: RefusedHead = { status: 431, message: 'too many header fields' };

/** RFC 3986 section 3.2.2 without escapes, which would name one host twice, and commas, which join two fields. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=-]+)(?::(\d{0,5}))?$/i;

/** Checks a head. @param maxFields limits.maxHeaders of the listener. */
export function readHead(request: IncomingMessage, maxFields: number): RequestHead | RefusedHead {
  const raw = request.rawHeaders;
  if (raw.length > maxFields * 2) return TOO_MANY_FIELDS;
  const { httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return bad('unsupported HTTP version');
  let host: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (CONTROL.test(value)) return bad('control character in a header value');
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (host !== undefined) return bad('more than one Host header');
      host = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (httpVersion === '1.0') return bad('Transfer-Encoding in an HTTP/1.0 request');
      // Node joins repeated fields, so a second line shows as a comma.
      if (request.headers['transfer-encoding']?.toLowerCase() !== 'chunked') {
        return bad('Transfer-Encoding must be exactly "chunked"');
      }
    }
  }
  if (host === undefined && httpVersion === '1.1') return bad('missing Host header');
  if (host !== undefined && !isHost(host)) return bad('malformed Host header');
  return readTarget(request, host);
}

/** Whether it may be routed. */
export function isRefused(head: RequestHead | RefusedHead): head is RefusedHead {
  return 'status' in head;
}

/** Node's parser refuses most of these; DEL and a few others pass in lenient places. */
// oxlint-disable-next-line no-control-regex -- the control characters are the point
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

function readTarget(request: IncomingMessage, host: string | undefined): RequestHead | RefusedHead {
  const url = request.url ?? '';
  if (url === '*')
    return request.method === 'OPTIONS'
      ? OPTIONS_ASTERISK
      : bad('"*" is a target for OPTIONS only');
  let origin = url;
  if (!url.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url);
    if (absolute === null) return bad('malformed request target');
    const [, authority = '', rest = ''] = absolute;
    if (!isHost(authority)) return bad('malformed authority in the request target');
    if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
      return bad('Host differs from the authority of the request target');
    }
    host = authority;
    origin = rest.startsWith('/') ? rest : `/${rest}`;
  }
  const target = parseTarget(origin);
  if (target === undefined) return bad('malformed path');
  return { target, host, hostname: host === undefined ? '' : toHostname(host) };
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
