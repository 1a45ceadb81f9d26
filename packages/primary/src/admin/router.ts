/** Finds the handler of a request: a table of paths, each with the methods it has. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readJsonObject } from './body.ts';
import type { AdminContext } from './context.ts';
import type { Door } from './door.ts';
import type { StreamReply } from './event-streams.ts';
import { type PiecesReply, refusal, type Reply } from './reply.ts';

/** What a handler gets: the decoded {segments} of its path in their order, and the object that came with a change. */
export interface AdminRequest {
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** Address of the client; `control socket` where it has none. */
  readonly peer: string;
  /** Whoever can open it is the instance's own user. */
  readonly isControlSocket: boolean;
  /** Undefined on the control socket, which has none. */
  readonly door: Door | undefined;
}

/** Answers a request. */
export type Handler = (context: AdminContext, request: AdminRequest) => AnyReply | Promise<Reply>;

/** What may be answered. */
export type AnyReply = Reply | PiecesReply | StreamReply;

/** One path. A `{name}` stands for one whole segment. GET answers HEAD too. */
export interface AdminRoute {
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly about: string;
  /** Larger bodies are refused with 413; default 64 KiB. */
  readonly maxBodyBytes?: number;
  readonly handle: Handler;
}

/** A request as it came in. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** Undefined on the control socket. */
  readonly door: Door | undefined;
}

/** Answers by the table: 404 without a path, 405 without the method, 400 for a segment that cannot be decoded. */
export async function dispatch(
  routes: readonly AdminRoute[],
  context: AdminContext,
  { request, url, door }: Incoming,
): Promise<AnyReply> {
  const { pathname } = url;
  const found = routes.filter((route) => segmentsOf(route.path, pathname) !== undefined);
  if (found.length === 0) return refusal(404, `nothing is at ${pathname}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = found.find((each) => each.method === method);
  if (route === undefined) {
    const allow = found
      .map((each) => (each.method === 'GET' ? 'GET, HEAD' : each.method))
      .join(', ');
    return refusal(405, `allowed here: ${allow}`, { Allow: allow });
  }
  const parameters = decode(segmentsOf(route.path, pathname) ?? []);
  if (parameters === undefined) return refusal(400, 'the path is not valid percent-encoding');
  const asked = {
    parameters,
    query: url.searchParams,
    headers: request.headers,
    peer: request.socket.remoteAddress ?? 'control socket',
    isControlSocket: door === undefined,
    door,
  };
  if (method === 'GET') return route.handle(context, { ...asked, body: {} });
  const body = await readJsonObject(request, route.maxBodyBytes);
  if (!body.ok) return body.reply;
  return route.handle(context, { ...asked, body: body.value });
}

/** The texts in place of each `{name}`, undefined when the path is another. */
function segmentsOf(pattern: string, path: string): readonly string[] | undefined {
  const wanted = pattern.split('/');
  const segments = path.split('/');
  const isName = (place: number): boolean => wanted[place]?.startsWith('{') === true;
  const fits =
    wanted.length === segments.length &&
    segments.every((text, place) => (isName(place) ? text !== '' : text === wanted[place]));
  return fits ? segments.filter((_, place) => isName(place)) : undefined;
}

function decode(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
