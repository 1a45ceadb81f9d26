/** What comes before any backend: the route, its stages, and the answers that need no backend. */
import { shed } from '../overload/shed.ts';
import type { Verdict } from '../stages/stage.ts';
import type { Exchange } from './exchange.ts';
import { type Reply, closingReply, errorReply } from './reply.ts';
import type { RefusedHead } from './destination.ts';
import { isLooping } from './request-lines.ts';
import { fillRedirect } from './rewrite.ts';
import type { Action, Route } from './route.ts';

/** A route that wants a backend. */
export type ForwardingRoute = Route & { readonly action: Extract<Action, { kind: 'forward' }> };

/** Where a request goes on to, or the answer that ends it; `answered` when it has that already. */
export type Admission =
  { readonly reply: Reply } | { readonly route: ForwardingRoute } | 'answered';

/** Finds the route, asks whether there is room for it, and runs its stages; a promise only where a stage has to wait. */
export function admit(exchange: Exchange): Admission | Promise<Admission> {
  const { shedder } = exchange.services;
  const { routes } = exchange.services.runtime();
  const route = routes.find(exchange);
  exchange.route = route;
  if (route === undefined)
    return { reply: routes.namesMethod(exchange.method) ? NO_ROUTE : METHOD_NOT_ALLOWED };
  // Before all that costs anything.
  if (shedder.isShedding) {
    const refusal = shed(exchange, route.priority);
    if (refusal instanceof Promise)
      return refusal.then((reply) => (reply === undefined ? enter(exchange, route) : { reply }));
    if (refusal !== undefined) return { reply: refusal };
  }
  return enter(exchange, route);
}

function enter(exchange: Exchange, route: Route): Admission | Promise<Admission> {
  if (isLooping(exchange.head?.via)) return { reply: LOOPING };
  const last = lastHopReply(exchange);
  if (last !== undefined) return { reply: last };
  return passStages(exchange, route, 0);
}

function passStages(
  exchange: Exchange,
  route: Route,
  from: number,
): Admission | Promise<Admission> {
  for (let i = from; i < route.stages.length; i++) {
    const verdict = route.stages[i]?.admit(exchange);
    if (verdict instanceof Promise) {
      return verdict.then((late) =>
        late === undefined ? passStages(exchange, route, i + 1) : ended(late),
      );
    }
    if (verdict !== undefined) return ended(verdict);
  }
  return forwards(route) ? { route } : { reply: fixedReply(exchange, route.action) };
}

function ended(verdict: NonNullable<Verdict>): Admission {
  return verdict === 'answered' ? verdict : { reply: verdict };
}

/** What a head that is not routed is told. */
export function refusalReply({ status, message }: RefusedHead): Reply {
  if (status === 200) return OPTIONS_REPLY;
  return closingReply(status === 431 ? 'headers_too_large' : 'bad_request', message);
}

function forwards(route: Route): route is ForwardingRoute {
  return route.action.kind === 'forward';
}

/** What may go no further is answered here; a TRACE would be answered with its own credentials. @see RFC 9110 section 7.6.2 */
function lastHopReply({ method, head }: Exchange): Reply | undefined {
  if (head?.maxForwards !== '0') return undefined;
  if (method === 'OPTIONS') return OPTIONS_REPLY;
  return method === 'TRACE' ? METHOD_NOT_ALLOWED : undefined;
}

function fixedReply(exchange: Exchange, action: Action): Reply {
  switch (action.kind) {
    case 'respond': {
      const { status, headers, body } = action;
      return { status, reason: undefined, headers, body: { text: body }, closes: false };
    }
    case 'redirect': {
      const location = fillRedirect(action.to, redirectParts(exchange));
      return {
        status: action.status,
        reason: undefined,
        headers: ['Location', location],
        body: { text: '' },
        closes: false,
      };
    }
    case 'forward':
      throw new Error('a route that forwards has no fixed reply');
  }
}

function redirectParts({
  host = '',
  hostname,
  path,
  search,
  connection,
}: Exchange): Parameters<typeof fillRedirect>[1] {
  const port = /:(\d+)$/.exec(host)?.[1] ?? String(connection.localPort);
  return { scheme: 'http', host, hostname, port, path, query: search.slice(1), uri: path + search };
}

const ALLOW = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];
const NO_ROUTE = errorReply('no_route', 'no route for this request');
/** 405, with what may be asked for (RFC 9110 section 15.5.6). */
export const METHOD_NOT_ALLOWED = errorReply('method_not_allowed', 'method not allowed', ALLOW);
const LOOPING = errorReply('loop_detected', 'this request has passed here before');
const OPTIONS_REPLY: Reply = {
  status: 200,
  reason: undefined,
  headers: ALLOW,
  body: { text: '' },
  closes: false,
};
