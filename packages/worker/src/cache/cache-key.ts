/**
 * What an answer is found by: the route, the scheme, Host as it goes to the backend, the normalised path and the query.
 * Security: whatever else of the request can change the answer is in Vary, or the answer is not cached (cache poisoning).
 */
import { clientScheme, type ForwardedRequest } from '../request/client-scheme.ts';
import type { RequestHead } from '../request/request-head.ts';

/** A request, as far as it matters here. */
export interface AddressedRequest extends ForwardedRequest {
  readonly head: RequestHead | undefined;
  readonly host: string | undefined;
  readonly path: string;
  readonly search: string;
}

/** @param route by name: what chose it, a header say, may have chosen another backend */
export function cacheKey(request: AddressedRequest, route: string): string {
  const { head, host = '', path, search } = request;
  const key = `${route} ${clientScheme(request)}://${host}${path}${search}`;
  return head?.mayIdentify === true ? key + forwardedSuffix(request) : key;
}

/** Same, for an address that an answer names. @param rest path and query */
export function keyOf(request: AddressedRequest, route: string, rest: string): string {
  return `${route} ${clientScheme(request)}://${request.host ?? ''}${rest}`;
}

/** What a trusted proxy says of the host it was asked for goes to the backend, which may answer by it. */
function forwardedSuffix({ isFromProxy, head }: AddressedRequest): string {
  if (!isFromProxy) return '';
  let suffix = '';
  for (const field of ['x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix']) {
    const value = head?.header(field);
    if (value !== undefined) suffix += `\n${field}: ${value}`;
  }
  const said = head?.header('forwarded')?.match(/\b(?:host|proto)=(?:"[^"]*"|[^;,\s]*)/gi);
  return said === null || said === undefined ? suffix : `${suffix}\nforwarded: ${said.join()}`;
}
