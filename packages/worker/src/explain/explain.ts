/**
 * What would become of a request in this worker, step by step, by the tables and counts that real requests meet:
 *
 *     read ──▶ client ──▶ routes ──▶ stages ──▶ pool ──▶ outcome
 *
 * Nothing is sent, counted, taken or moved on.
 */
import type {
  ExplainedPool,
  ExplainedRoute,
  ExplainedStage,
  ExplainReply,
  ExplainRequest,
} from '@lb/shared/admin-api/explain';
import { explainClient } from '../request/client-ip.ts';
import { isLooping } from '../request/request-lines.ts';
import type { Route } from '../request/route.ts';
import type { RouteTable } from '../request/route-table.ts';
import type { Runtime } from '../request/services.ts';
import { DryRequest, readDry } from './dry-request.ts';
import { explainPool } from './explain-pool.ts';

const DEFAULT_PEER = '127.0.0.1';

export interface ExplainParts {
  /** Number of the worker. */
  readonly place: number;
  readonly runtime: Runtime;
  readonly nowMs: number;
}

/** How it would end. */
type Ending = Pick<ExplainReply, 'outcome' | 'status'>;

/** @throws RangeError when the request makes no sense */
export function explain(
  asked: ExplainRequest,
  { place, runtime, nowMs }: ExplainParts,
): ExplainReply {
  const read = readDry(asked);
  const peer = asked.clientIp ?? DEFAULT_PEER;
  if ('status' in read)
    return { ...refusedReply(asked, peer, place), ...ended(read.status, read.message) };
  const { head, destination } = read;
  const client = explainClient(runtime.trustedProxies, peer, head.header('x-forwarded-for'));
  const isFromProxy = runtime.trustedProxies.trusts(peer);
  const request = new DryRequest(head, destination, { address: client.address, isFromProxy });
  const { method, host = '', path, search: query } = request;
  const { routes, route } = explainRoutes(runtime.routes, request);
  const seen = {
    worker: place,
    request: { method, host, path, query },
    client,
    routes,
    route: route?.name ?? null,
  };
  if (route === undefined) {
    const isNamed = runtime.routes.namesMethod(method);
    return { ...seen, ...NOTHING, ...(isNamed ? NO_ROUTE : METHOD_NOT_ALLOWED) };
  }
  if (isLooping(head.via)) return { ...seen, ...NOTHING, ...LOOPING };
  const stages = explainStages(route, request, nowMs);
  const ending = stages.find(({ verdict }) => verdict === 'refuse' || verdict === 'answer');
  if (ending !== undefined) {
    const status = Number(/^\d{3}/.exec(ending.because)?.[0]);
    const verb = ending.verdict === 'refuse' ? 'refused' : 'answered';
    const outcome = `${verb} by ${ending.name}: ${ending.because}`;
    return { ...seen, stages, pool: null, outcome, status };
  }
  return { ...seen, stages, ...explainAction(route, request) };
}

const NOTHING = { stages: [], pool: null };
const NO_ROUTE: Ending = { outcome: 'answered with 404: no route takes it', status: 404 };
const METHOD_NOT_ALLOWED: Ending = {
  outcome: 'answered with 405: no route names this method',
  status: 405,
};
const LOOPING: Ending = { outcome: 'answered with 508: it has passed here before', status: 508 };

/** The first that takes it ends the list, as it ends the search. */
function explainRoutes(
  table: RouteTable,
  request: DryRequest,
): { readonly routes: ExplainedRoute[]; readonly route: Route | undefined } {
  const routes: ExplainedRoute[] = [];
  for (const route of table.routes) {
    const because = route.matches.whyNot(request);
    const isMatch = because === undefined;
    routes.push({ name: route.name, isMatch, because: because ?? 'all that it asks for holds' });
    if (isMatch) return { routes, route };
  }
  return { routes, route: undefined };
}

function explainStages({ stages }: Route, request: DryRequest, nowMs: number): ExplainedStage[] {
  return stages.map((stage) => ({
    name: stage.name,
    ...(stage.explain?.(request, nowMs) ?? ONLY_REAL),
  }));
}

const ONLY_REAL = { verdict: 'unknown', because: 'only a real request can tell' } as const;

function explainAction(
  { name, action }: Route,
  request: DryRequest,
): Ending & { readonly pool: ExplainedPool | null } {
  switch (action.kind) {
    case 'respond':
      return { pool: null, ...ended(action.status, 'the fixed answer of the route') };
    case 'redirect':
      return { pool: null, ...ended(action.status, `a redirect to ${action.to}`) };
    case 'forward': {
      const because = action.isSplit
        ? `route ${name} splits its requests by weight; this is one draw, unless a session decides`
        : `route ${name} names it`;
      const pool = explainPool(action.choosePool(request), because, request);
      return { pool, ...forwarded(pool) };
    }
  }
}

function forwarded({ name, pick }: ExplainedPool): Ending {
  if (pick.backend !== null)
    return { outcome: `forwarded to ${name}/${pick.backend}`, status: null };
  const waits = pick.because.startsWith('every backend is full');
  return waits
    ? { outcome: `waits for a backend of ${name}: ${pick.because}`, status: null }
    : ended(503, pick.because);
}

function ended(status: number, why: string): Ending {
  return { outcome: `answered with ${status}: ${why}`, status };
}

/** Of a request that could not be read. */
function refusedReply(
  { method = 'GET', url }: ExplainRequest,
  peer: string,
  worker: number,
): Omit<ExplainReply, keyof Ending> {
  const client = { address: peer, because: 'the other end; nothing else was read' };
  const request = { method, host: '', path: url, query: '' };
  return { worker, request, client, routes: [], route: null, stages: [], pool: null };
}
