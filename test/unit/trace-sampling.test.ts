/** Which traces are sampled, and their ids. */
import { describe, expect, test } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import {
  createComposableProbabilitySampler,
  createCompositeSampler,
} from '@opentelemetry/sampler-composite';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { compileRatio } from '@lb/worker/internal/tracing/ratio';
import { TraceIds } from '@lb/worker/internal/tracing/trace-ids';

/** Each package of OpenTelemetry has an enum of its own for it. */
const SAMPLED: number = SamplingDecision.RECORD_AND_SAMPLED;

const SHARES = [0, 1e-12, 0.001, 0.1, 1 / 3, 0.5, 0.9, 0.999_999, 1];

describe('a share of the traces', () => {
  test.each(SHARES)('of %d is the one that OpenTelemetry samples', (share) => {
    const samples = compileRatio(share);
    const oracle = createCompositeSampler(createComposableProbabilitySampler(share));
    const ids = new TraceIds();
    const edge = BigInt(Math.round(share * 2 ** 56));
    const atEdge = [-1n, 0n, 1n]
      .map((off) => 2n ** 56n - edge + off)
      .filter((low) => low >= 0n && low < 2n ** 56n)
      .map((low) => `123456789abcdef012${low.toString(16).padStart(14, '0')}`);
    const all = [...atEdge, ...Array.from({ length: 1_000 }, () => ids.nextTraceId())];
    for (const id of all) {
      const result = oracle.shouldSample(ROOT_CONTEXT, id, '', SpanKind.SERVER, {}, []);
      const decision: number = result.decision;
      expect([id, samples(id)]).toEqual([id, decision === SAMPLED]);
    }
  });

  test.each([0.1, 0.5])('of %d is about as many', (share) => {
    const samples = compileRatio(share);
    const ids = new TraceIds();
    let count = 0;
    for (let i = 0; i < 20_000; i++) if (samples(ids.nextTraceId())) count++;
    expect(count / 20_000).toBeCloseTo(share, 1);
  });
});

test('ids are hex of the right length, and no two are the same', () => {
  const ids = new TraceIds();
  const made = Array.from({ length: 3_000 }, (_, i) =>
    i % 3 === 0 ? ids.nextTraceId() : ids.nextSpanId(),
  );
  expect(new Set(made).size).toBe(3_000);
  for (const [i, id] of made.entries()) {
    expect(id).toMatch(i % 3 === 0 ? /^[\da-f]{32}$/ : /^[\da-f]{16}$/);
  }
});
