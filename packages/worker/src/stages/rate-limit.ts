/** `rateLimit`: how many requests a client may make. All limits of the route have to allow one; a refused one takes from none. */
import type { Exchange } from '../request/exchange.ts';
import { type Reply, errorReply } from '../request/reply.ts';
import { type Charge, chargeAll } from '../rate-limit/limit-charge.ts';
import type { Limiter } from '../rate-limit/limiter.ts';
import { rateLimitLines, retryAfterSeconds } from '../rate-limit/rate-limit-fields.ts';
import type { KeyedRequest } from '../request/request-key.ts';
import { traceStoreCall } from '../tracing/store-span.ts';
import type { Stage, StageVerdict } from './stage.ts';

/** undefined when the route has no limits. */
export function createRateLimitStage(limiters: readonly Limiter[]): Stage | undefined {
  if (limiters.length === 0) return undefined;
  const enforced = limiters.filter(({ config }) => !config.shadow);
  const shadowed = limiters.filter(({ config }) => config.shadow);
  return {
    name: 'rateLimit',
    admit(exchange) {
      for (const limiter of shadowed) shadow(limiter, exchange);
      const charges = enforced.map((limiter) => ({ limiter, entry: limiter.entryOf(exchange) }));
      const refusing = chargeAll(charges, exchange.startedMs);
      if (!(refusing instanceof Promise))
        return conclude(exchange, charges, refusing, exchange.startedMs);
      return traceStoreCall(exchange, 'take', refusing).then((late) =>
        conclude(exchange, charges, late, exchange.services.clock.monotonicMs()),
      );
    },
    explain: (request, nowMs) => joined(limiters.map((each) => explain(each, request, nowMs))),
  };
}

/** Counts, and writes down what the client is told; the reply to a refused request. */
function conclude(
  exchange: Exchange,
  charges: readonly Charge[],
  refusing: readonly Charge[],
  nowMs: number,
): Reply | undefined {
  const isRefused = refusing.length > 0;
  for (const { limiter, entry } of isRefused ? refusing : charges) {
    limiter.metrics.count(isRefused ? 'deny' : 'allow');
    if (entry.isDegraded) limiter.metrics.count('degraded');
  }
  exchange.answerLines += rateLimitLines(charges, nowMs);
  return isRefused ? refusal(refusing, nowMs) : undefined;
}

function refusal(refusing: readonly Charge[], nowMs: number): Reply {
  const [first] = refusing;
  const isTold = refusing.some(({ limiter }) => limiter.isTold);
  const headers = isTold ? ['Retry-After', String(retryAfterSeconds(refusing, nowMs))] : [];
  const reply = errorReply('rate_limited', 'too many requests', headers);
  return first === undefined ? reply : { ...reply, status: first.limiter.config.status };
}

/** Counts what the limit would refuse, and holds nobody up. */
function shadow(limiter: Limiter, exchange: Exchange): void {
  const charge = { limiter, entry: limiter.entryOf(exchange) };
  const count = (refusing: readonly Charge[]): void => {
    limiter.metrics.count(refusing.length > 0 ? 'shadow_deny' : 'allow');
    if (charge.entry.isDegraded) limiter.metrics.count('degraded');
  };
  const refusing = chargeAll([charge], exchange.startedMs);
  if (refusing instanceof Promise) void refusing.then(count);
  else count(refusing);
}

/** As far as this worker knows the client. */
function explain(limiter: Limiter, request: KeyedRequest, nowMs: number): StageVerdict {
  const { name, config } = limiter;
  const known = limiter.knownOf(request);
  if (known === undefined)
    return { verdict: 'unknown', because: `${name}: this worker has not seen the client yet` };
  const waitMs = known.refusedForMs(nowMs);
  if (waitMs === 0) {
    const left = `${known.remaining(nowMs)} of ${config.burst} left`;
    return { verdict: 'pass', because: `${name}: ${left}, as far as this worker knows` };
  }
  const because = `${name}: used up for ${Math.ceil(waitMs)} ms`;
  return config.shadow
    ? { verdict: 'pass', because: `${because}, but in shadow` }
    : { verdict: 'refuse', because: `${config.status}: ${because}` };
}

/** One refusal refuses. */
function joined(verdicts: readonly StageVerdict[]): StageVerdict {
  const named = (wanted: StageVerdict['verdict']): boolean =>
    verdicts.some(({ verdict }) => verdict === wanted);
  const verdict = named('refuse') ? 'refuse' : named('unknown') ? 'unknown' : 'pass';
  return { verdict, because: verdicts.map(({ because }) => because).join('; ') };
}
