/** What a limit costs a request that needs nobody's leave: from its address to its fields, and to its refusal. */
import type { Exchange } from '@lb/worker/internal/request/exchange';
import { createRateLimitStage } from '@lb/worker/internal/stages/rate-limit';
import { limits, requestFrom } from '../../support/limits.ts';
import type { Benchmark } from './benchmark.ts';

const LEVEL = { remaining: 1_000_000, retryMs: 0, resetMs: 10 };
const EMPTY = { remaining: 0, retryMs: 1e9, resetMs: 1e9 };

/** @param tokens in hand of the worker; none: the client is known to have to wait */
function stage(name: string, address: string, tokens: number): Benchmark {
  const { clock, limiter } = limits();
  const limit = limiter('per-client', { rate: 1_000_000, burst: 1_000_000 });
  const request = requestFrom(address);
  limit.entryOf(request).fill(tokens, tokens > 0 ? LEVEL : EMPTY, clock.monotonicMs());
  const admission = createRateLimitStage([limit]);
  const exchange = {
    ...request,
    startedMs: clock.monotonicMs(),
    answerLines: '',
    services: { clock },
  } as unknown as Exchange;
  return {
    name,
    run(times) {
      for (let i = 0; i < times; i++) {
        exchange.answerLines = '';
        const verdict = admission?.admit(exchange);
        if ((verdict === undefined) !== tokens > 0) throw new Error('it was decided otherwise');
      }
    },
  };
}

export const rateLimit: readonly Benchmark[] = [
  stage('rate limit, token in hand', '192.0.2.1', Number.MAX_SAFE_INTEGER),
  stage('rate limit, token in hand, IPv6', '2001:db8:1:2:3:4:5:6', Number.MAX_SAFE_INTEGER),
  stage('rate limit, refused', '192.0.2.1', 0),
];
