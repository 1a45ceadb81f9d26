/** Whatever routes, pools, backends and instances are called, a line stays one line and says just that. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineOf, tagText } from '@lb/primary/internal/persist/influx/line-protocol';
import { sampleOf } from '../support/samples.ts';
import { parseLine } from '../support/line-protocol.ts';

/** Of the characters that mean something, and of all others. */
const nasty = fc.string({
  unit: fc.constantFrom('\\', ',', '=', ' ', '"', "'", '\n', '\r', 'a', '{', '#', 'ö', '💥'),
});
const text = fc.oneof(nasty, fc.string({ unit: 'binary' })).filter((one) => one !== '');

test('what is written is what a strict reader reads', () => {
  fc.assert(
    fc.property(text, text, text, text, (instance, pool, backend, state) => {
      const sample = sampleOf({ pool, backend }, 1_795_651_200_000, { state, weight: 0.25 });
      const line = parseLine(lineOf(sample, instance));
      expect(line).toEqual({
        measurement: 'lbctl',
        tags: {
          instance: tagText(instance),
          kind: 'backend',
          pool: tagText(pool),
          backend: tagText(backend),
        },
        fields: {
          seconds: 10,
          requests: 10,
          errors: 1,
          p50_ms: 2,
          p95_ms: 4,
          p99_ms: 8,
          in_flight: 3,
          state,
          weight: 0.25,
        },
        time: 1_795_651_200_000,
      });
    }),
  );
});

test('a name that a tag can hold is kept as it is', () => {
  fc.assert(
    fc.property(text, (name) => {
      const isFine = !/\p{Cc}|\\$/u.test(name);
      expect(tagText(name) === name).toBe(isFine);
    }),
  );
});
