/**
 * Who may talk to the admin server. Security code: DNS rebinding (CWE-350), cross-site requests (CWE-352) and strangers are
 * stopped here, before anything else looks at the request. The unix socket skips all of it: the file's mode is its lock.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Door } from './door.ts';
import { refusal, type Reply } from './reply.ts';

/** What one TCP listener of the admin server lets in. */
export interface AccessRules {
  /** Host of the bind; '' or a wildcard address for every address of the machine. */
  readonly bindHost: string;
  /** The machine's own name, a Host that is right when the bind is a wildcard. */
  readonly hostname: string;
  readonly door: Door;
}

/** Paths that need no token: they are asked by things that have none, and say nothing that is secret. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/api/v1/login']);

const WILDCARDS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** The refusal of a request, or undefined when it may go on. @param path undefined for what everybody may have */
export function refuse(
  request: IncomingMessage,
  path: string | undefined,
  rules: AccessRules,
): Reply | undefined {
  if (!hostAllowed(request, rules)) return refusal(403, 'this Host is not served here');
  if (isCrossSite(request)) return refusal(403, 'cross-site requests are refused');
  if (path === undefined || OPEN_PATHS.has(path)) return undefined;
  return rules.door.refuse(request);
}

/**
 * A page whose name was rebound to our address sends that name as Host, so only names that are ours pass. Ports are not
 * compared: a forwarded port is no attack. With a wildcard bind any address literal passes, since rebinding needs a name.
 * HTTP/1.0 without Host passes: no browser sends it, and simple health checkers do.
 */
function hostAllowed(request: IncomingMessage, { bindHost, hostname }: AccessRules): boolean {
  const hosts = request.headersDistinct['host'] ?? [];
  if (hosts.length === 0) return request.httpVersion === '1.0';
  const host = hosts.length === 1 ? hostOf(hosts[0] ?? '') : undefined;
  if (host === undefined) return false;
  if (LOOPBACK.has(host) || host === bindHost.toLowerCase()) return true;
  return WILDCARDS.has(bindHost) && (isIP(host) !== 0 || host === hostname.toLowerCase());
}

/** The host of a Host header, lower case and without brackets; undefined when it is malformed (RFC 9110 section 7.2). */
function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  if (match === null) return undefined;
  const [, v6, name = ''] = match;
  if (v6 !== undefined) return isIP(v6) === 6 ? v6.toLowerCase() : undefined;
  return name.toLowerCase();
}

/**
 * Browsers say where a request comes from: Sec-Fetch-Site always, Origin on what may change something. Following a link to
 * a page here is allowed, as its answer stays with the user.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
function isCrossSite({ headers, method = '' }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  const reads = method === 'GET' || method === 'HEAD';
  const followsLink =
    reads && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !followsLink) return true;
  const { origin, host = '' } = headers;
  if (origin === undefined) return false;
  const own = host.toLowerCase();
  return origin !== `http://${own}` && origin !== `https://${own}`;
}
