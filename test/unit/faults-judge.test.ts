import { describe, expect, test } from '@jest/globals';
import { judge, unforgivable } from '../faults/judge.ts';
import type { Passed, Sent, Served } from '../faults/logs.ts';
import { backMs, feltMs } from '../faults/statistics.ts';

const sent = (line: Partial<Sent> = {}): Sent => ({
  id: 1,
  method: 'GET',
  path: '/',
  dueMs: 0,
  endMs: 5,
  ending: 'whole',
  status: 200,
  body: 'right',
  isReused: false,
  isLast: false,
  localPort: 40_000,
  ...line,
});
const served = (line: Partial<Served> = {}): Served => ({
  id: 1,
  method: 'GET',
  backend: 'a',
  atMs: 1,
  step: 'begun',
  ...line,
});
const passed = (line: Partial<Passed> = {}): Passed => ({ id: 1, status: 200, tries: 1, ...line });
const verdictOn = (line: Partial<Sent>, ...steps: readonly Served[]): ReturnType<typeof judge> =>
  judge({ sent: [sent(line)], passed: [passed()], served: steps });

describe('the judge of the fault suite', () => {
  test.each([
    ['right', {}],
    ['status', { status: 502, body: 'other' }],
    ['refused', { ending: 'refused', status: 0, body: 'none' }],
    ['reset', { ending: 'reset', status: 0, body: 'none' }],
    ['reset on reuse', { ending: 'reset', status: 0, body: 'none', isReused: true }],
    ['cut', { ending: 'cut', body: 'start' }],
    ['timed out', { ending: 'timeout', status: 0, body: 'none' }],
    ['wrong answer', { body: 'other' }],
    ['wrong answer', { ending: 'garbled', status: 0, body: 'none' }],
    ['hidden truncation', { body: 'start' }],
  ] as const)('calls it %s', (kind, line) => {
    const { requests } = verdictOn(line, served());

    expect(requests.map((request) => request.class)).toEqual([kind]);
  });

  test('an answer to a request that no backend has seen is found out', () => {
    expect(unforgivable(verdictOn({}))).toEqual(['1 answers that no backend gave']);
  });

  test('a POST that two backends began is a duplicate, a GET is one tried again', () => {
    const twice = [served(), served({ backend: 'b' })];

    const post = verdictOn({ method: 'POST' }, ...twice);
    const get = verdictOn({}, ...twice);

    expect(unforgivable(post)).toEqual(['1 POSTs carried out twice']);
    expect(unforgivable(get)).toEqual([]);
    expect(get.retriedGets).toBe(1);
  });

  test('work that a backend finished for a client that did not get it is counted', () => {
    const { lostWork } = verdictOn({ ending: 'timeout' }, served(), served({ step: 'finished' }));

    expect(lostWork).toBe(1);
  });

  test('a status that the access log does not have is counted', () => {
    expect(verdictOn({ status: 502 }).mislogged).toBe(1);
  });
});

describe('how long a fault is felt', () => {
  const fault = { fromMs: 1_000, untilMs: 9_000 };
  const at = (...timesMs: readonly number[]): ReturnType<typeof judge>['requests'] =>
    judge({
      sent: timesMs.map((dueMs, id) => sent({ id, dueMs, endMs: dueMs + 5, status: 502 })),
      passed: [],
      served: [],
    }).requests;

  test('it ends with the last failure before a quiet second', () => {
    expect(feltMs(at(1_100, 1_800, 2_500, 6_000), [], 'a', fault)).toBe(1_500);
  });

  test('it never ends where no second is quiet', () => {
    const everyHalfSecond = Array.from({ length: 20 }, (_, place) => place * 500);

    expect(feltMs(at(...everyHalfSecond), [], 'a', fault)).toBe(Number.POSITIVE_INFINITY);
  });

  test('a request that came to the faulty backend counts, whatever its client saw', () => {
    const { requests } = verdictOn({ dueMs: 1_700 }, served());

    expect(feltMs(requests, [served()], 'a', fault)).toBe(700);
    expect(feltMs(requests, [served({ backend: 'b' })], 'a', fault)).toBe(0);
  });

  test('a backend is back with its first request after the repair', () => {
    const lines = [served({ atMs: 8_000 }), served({ atMs: 9_300 }), served({ atMs: 9_400 })];

    expect(backMs(lines, 'a', 9_000)).toBe(300);
  });
});
