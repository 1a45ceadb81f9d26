/** What a pool would do with a request now: whom its policy could pick, whom it would, and what would follow a failure. */
import type { ExplainedCandidate, ExplainedPool } from '@lb/shared/admin-api/explain';
import { formatDuration } from '@lb/shared/config/units';
import type { Backend } from '../balancing/backend.ts';
import type { PickContext } from '../balancing/policy.ts';
import type { Pool } from '../balancing/pool.ts';
import type { DryRequest } from './dry-request.ts';

/** @param because how the route came to the pool */
export function explainPool(pool: Pool, because: string, request: DryRequest): ExplainedPool {
  const { name, config } = pool;
  const candidates = pool.backends.map((backend) => explainCandidate(pool, backend));
  const { backend, because: why } = explainPick(pool, request);
  const pick = { backend: backend?.name ?? null, because: why };
  const retry = explainRetry(pool, request, backend);
  return { name, because, policy: config.policy, candidates, pick, retry };
}

function explainCandidate(pool: Pool, backend: Backend): ExplainedCandidate {
  const { name, state, weight, load, latencyMs, share, limits } = backend;
  const because = whyNot(pool, backend);
  const cost = pool.cost?.(backend);
  return {
    name,
    state: state === 'unknown' ? 'up' : state,
    breaker: limits?.gate === undefined ? null : backend.breaker,
    weight,
    inFlight: load,
    latencyMs: latencyMs === 0 ? null : latencyMs,
    share,
    score: cost === undefined || !Number.isFinite(cost) ? null : cost,
    mayTakeIt: because === '',
    because,
  };
}

function whyNot(pool: Pool, backend: Backend): string {
  if (pool.isCandidate(backend)) return backend.hasRoom ? '' : fullText(backend);
  if (backend.breaker === 'open') return 'its circuit breaker is open';
  if (backend.weight === 0) return 'its weight is 0';
  if (!backend.isAvailable) return `it is ${backend.state}`;
  return 'it is a backup, and others are available';
}

function fullText({ limits, inFlight }: Backend): string {
  if (limits?.permits !== undefined && inFlight >= limits.permits.held)
    return `this worker has all ${limits.permits.held} of its permits in use`;
  if (limits?.gate?.admits === false) return 'its circuit breaker lets no more tries through now';
  return 'its adaptive limit is reached';
}

function explainPick(
  pool: Pool,
  request: DryRequest,
): { readonly backend: Backend | undefined; readonly because: string } {
  const { sticky, config } = pool;
  const bound = sticky?.boundOf?.(request);
  if (bound?.isServing === true && bound.breaker !== 'open')
    return { backend: bound, because: 'its session is bound to it by its cookie' };
  const backend = pool.peek(request);
  if (backend === undefined) return { backend, because: NONE[pool.whyNone] };
  const why = POLICY_TEXTS[config.policy] ?? `${config.policy} says so`;
  if (sticky === undefined) return { backend, because: why };
  const isKnown = config.sticky?.mode === 'cookie';
  const session = isKnown
    ? 'it has no valid cookie of a session'
    : 'where a session that nobody knows yet would go; only a real request looks one up';
  return { backend, because: `${session}; ${why}` };
}

const NONE = {
  no_backend: 'no backend may get traffic',
  breaker_open: 'no backend may get traffic: circuit breakers are open',
  full: 'every backend is full: the request would wait in the queue of the pool',
} as const;

const POLICY_TEXTS: Readonly<Record<string, string>> = {
  round_robin: 'it is its turn in this worker',
  weighted_round_robin: 'it is its turn in this worker',
  least_connections: 'it has the fewest in flight for its weight; ties take turns',
  p2c: 'of two drawn by weight it has the lower score; another draw may differ',
  ewma: 'of two drawn by weight it has the lower score; another draw may differ',
  random: 'drawn by weight; another draw may differ',
  ip_hash: 'the hash of the key leads to it',
  ring_hash: 'the hash of the key leads to it',
  maglev: 'the hash of the key leads to it',
};

function explainRetry(pool: Pool, request: DryRequest, first: Backend | undefined): string[] {
  const { secondTries, config } = pool;
  const { methods, attempts, reasons } = secondTries;
  const isRepeatable =
    methods.includes(request.method) || request.header('idempotency-key') !== undefined;
  if (!isRepeatable)
    return [`none: ${request.method} is not in retries.methods, and there is no Idempotency-Key`];
  if (attempts === 0) return ['none: retries.attempts is 0'];
  const tries = attempts === 1 ? 'one more try' : `${attempts} more tries`;
  return [
    `${tries}, after ${[...reasons].join(', ') || 'nothing'}`,
    ...nextText(pool, request, first),
    `second tries at once: ${config.retries.budget.percent} % of the requests in flight, or ${config.retries.budget.min}`,
    ...hedgeText(pool, request.method),
  ];
}

function nextText(pool: Pool, request: DryRequest, first: Backend | undefined): string[] {
  if (first === undefined) return [];
  const again: PickContext = {
    tried: [...request.tried, first],
    hashKey: (source) => request.hashKey(source),
  };
  const next = pool.peek(again);
  return [
    next === undefined
      ? `the same backend, ${first.name}: no other has room`
      : `the next one would be ${next.name}`,
  ];
}

function hedgeText({ secondTries, config }: Pool, method: string): string[] {
  if (config.hedge === null || secondTries.hedging?.covers(method) !== true) return [];
  const { after } = config.hedge;
  const when = after === 'p95' ? 'the time that 95 % of the answers take' : formatDuration(after);
  return [`another backend is asked as well when there is no answer after ${when}`];
}
