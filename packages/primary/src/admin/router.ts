/** Finds the handler of a request: a table of paths, each with the methods it has. */
import type { IncomingMessage } from 'node:http';
import { readJsonObject } from './body.ts';
import type { AdminContext } from './context.ts';
import { refusal, type Reply } from './reply.ts';

/** What a handler gets: `parameter` is the decoded {segment} of its path, `body` the object of a POST. */
export interface AdminRequest {
  readonly parameter: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers a request. */
export type Handler = (context: AdminContext, request: AdminRequest) => Reply | Promise<Reply>;

/** One path. A `{name}` at its end stands for one segment. GET answers HEAD too. */
export interface AdminRoute {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly about: string;
  readonly handle: Handler;
}

/** Answers by the table: 404 without a path, 405 without the method, 400 for a segment that cannot be decoded. */
export async function dispatch(
  routes: readonly AdminRoute[],
  context: AdminContext,
  request: IncomingMessage,
  url: URL,
): Promise<Reply> {
  const { pathname } = url;
  const found = routes.filter((route) => segmentOf(route.path, pathname) !== undefined);
  if (found.length === 0) return refusal(404, `nothing is at ${pathname}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = found.find((each) => each.method === method);
  if (route === undefined) {
    const allow = found
      .map((each) => (each.method === 'GET' ? 'GET, HEAD' : each.method))
      .join(', ');
    return refusal(405, `allowed here: ${allow}`, { Allow: allow });
  }
  const parameter = decode(segmentOf(route.path, pathname) ?? '');
  if (parameter === undefined) return refusal(400, 'the path is not valid percent-encoding');
  const accept = request.headers.accept;
  const { searchParams: query } = url;
  if (method === 'GET') return route.handle(context, { parameter, query, accept, body: {} });
  const body = await readJsonObject(request);
  if (!body.ok) return body.reply;
  return route.handle(context, { parameter, query, accept, body: body.value });
}

/** The text in place of `{name}`, '' for a path without one, undefined when the path is another. */
function segmentOf(pattern: string, path: string): string | undefined {
  const brace = pattern.indexOf('{');
  if (brace === -1) return pattern === path ? '' : undefined;
  const rest = path.startsWith(pattern.slice(0, brace)) ? path.slice(brace) : '';
  return rest === '' || rest.includes('/') ? undefined : rest;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
