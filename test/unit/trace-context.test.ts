/** The fields of W3C Trace Context, beside what the packages of OpenTelemetry make of them. */
import { describe, expect, test } from '@jest/globals';
import { defaultTextMapGetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import * as fc from 'fast-check';
import {
  formatTraceparent,
  parseTraceparent,
  type Traceparent,
} from '@lb/worker/internal/tracing/traceparent';
import { validTracestate } from '@lb/worker/internal/tracing/tracestate';

const SEED = 20_261_126;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${SPAN}-01`;

const propagator = new W3CTraceContextPropagator();

/** What the packages of OpenTelemetry read. */
function oracle(traceparent: string, tracestate?: string) {
  const carrier = { traceparent, ...(tracestate !== undefined && { tracestate }) };
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

function oracleParent(text: string): Traceparent | undefined {
  const context = oracle(text);
  if (context === undefined) return undefined;
  const { traceId, spanId, traceFlags: flags } = context;
  return { traceId, spanId, flags };
}

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), {
      minLength: length,
      maxLength: length,
    })
    .map((digits) => digits.join(''));

describe('a traceparent', () => {
  test.each([
    ['is sampled', VALID, 1],
    ['is not sampled', `00-${TRACE}-${SPAN}-00`, 0],
    ['has flags that nobody knows yet', `00-${TRACE}-${SPAN}-ff`, 0xff],
    ['is of a later version', `01-${TRACE}-${SPAN}-03`, 3],
    ['is of a later version that says more', `fe-${TRACE}-${SPAN}-01-what.ever`, 1],
    ['is of a later version and ends with a dash', `cc-${TRACE}-${SPAN}-01-`, 1],
  ])('that %s is read', (_, text, flags) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, flags });
  });

  test.each([
    ['nothing', ''],
    ['a version that is forbidden', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `${VALID}-00`],
    ['a dash at its end', `${VALID}-`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', VALID.toUpperCase()],
    ['one digit too few', VALID.slice(0, -1)],
    ['one digit too many', `${VALID}0`],
    ['a later version without a dash before more', `01-${TRACE}-${SPAN}-01x`],
    ['two fields', `${VALID}, ${VALID}`],
    ['two fields of a later version', `01-${TRACE}-${SPAN}-01-a, 01-${TRACE}-${SPAN}-01`],
    ['an underscore for a dash', VALID.replace('-', '_')],
    ['a digit that is none', `00-${TRACE.replace('a', 'g')}-${SPAN}-01`],
  ])('of %s is none', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test('is read as OpenTelemetry reads it, whatever is changed in it', () => {
    const odd = fc.constantFrom(...'0f9aAgG-_, ;:\t'.split(''), '');
    const mutated = fc
      .tuple(
        fc.constantFrom('00', '01', 'cc', 'ff', '0', 'FF'),
        fc.oneof(hex(32), fc.constant('0'.repeat(32)), hex(31)),
        fc.oneof(hex(16), fc.constant('0'.repeat(16)), hex(17)),
        hex(2),
        fc.constantFrom('', '-', '-00', '-more', 'x'),
        fc.array(fc.tuple(fc.nat(60), odd), { maxLength: 2 }),
      )
      .map(([version, traceId, spanId, flags, more, edits]) =>
        edits.reduce(
          (text, [at, character]) => text.slice(0, at) + character + text.slice(at + 1),
          `${version}-${traceId}-${spanId}-${flags}${more}`,
        ),
      )
      // What a header cannot begin or end with, and what stands between two fields, which it does not look for.
      .filter((text) => text === text.trim() && !text.includes(','));
    fc.assert(
      fc.property(mutated, (text) => {
        expect(parseTraceparent(text)).toEqual(oracleParent(text));
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  test('that is written is read again, with the flags that have a meaning', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.nat(255), (traceId, spanId, flags) => {
        const text = formatTraceparent({ traceId, spanId, flags });
        expect(text).toHaveLength(55);
        const read = parseTraceparent(text);
        const isZero = /^0+$/.test(traceId) || /^0+$/.test(spanId);
        expect(read).toEqual(isZero ? undefined : { traceId, spanId, flags: flags & 3 });
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});

describe('a tracestate', () => {
  const many = (count: number): string =>
    Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');

  test.each([
    ['one member', 'rojo=00f067aa0ba902b7'],
    ['several lines', 'rojo=1, congo=t61rcWkgMzE,\tother=2'],
    ['empty members', 'a=1,,b=2,'],
    ['a tenant', 'fw529a3039@dt=FfAkmOcJ'],
    ['a key that begins with a digit', '0a_-*/@z=1'],
    ['a space within a value', 'a=b c'],
    ['the same key twice', 'a=1,a=2'],
    ['32 members', many(32)],
    ['512 characters', `a=${'x'.repeat(255)},b=${'y'.repeat(252)}`],
    ['a key of 256 characters', `${'a'.repeat(256)}=1`],
  ])('of %s is passed on as it is', (_, text) => {
    expect(validTracestate(text)).toBe(text);
    expect(oracle(VALID, text)?.traceState?.serialize()).toBeTruthy();
  });

  test.each([
    ['nothing', ''],
    ['commas alone', ' , ,'],
    ['33 members', many(33)],
    ['513 characters', `a=${'x'.repeat(255)},b=${'y'.repeat(253)}`],
    ['a key of 257 characters', `${'a'.repeat(257)}=1`],
    ['a value of 257 characters', `a=${'x'.repeat(257)}`],
    ['no value', 'a'],
    ['an empty value', 'a='],
    ['an empty key', '=1'],
    ['upper case in a key', 'A=1'],
    ['an equals sign in a value', 'a=b=c'],
    ['what is not ASCII', 'a=\u00e9'],
    ['a control character', 'a=\u0001'],
  ])('of %s is dropped', (_, text) => {
    expect(validTracestate(text)).toBeUndefined();
  });

  test('that is passed on has no member that OpenTelemetry would drop', () => {
    const characters = fc.constantFrom(...'ab0_-*/@=, \tA~!'.split(''));
    const texts = fc.array(characters, { maxLength: 24 }).map((list) => list.join(''));
    fc.assert(
      fc.property(texts, (text) => {
        const valid = validTracestate(text);
        if (valid === undefined) return;
        const state = oracle(VALID, valid)?.traceState;
        const keys = valid.split(',').map((member) => member.trim().split('=')[0] ?? '');
        // It reads keys by Level 1, in which those of tenants have a form of their own.
        for (const key of keys.filter((one) => /^[a-z][^@]*$/.test(one)))
          expect(state?.get(key)).toBeDefined();
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });
});
