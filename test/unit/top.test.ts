/** `lbctl top` without a terminal: keys, what they do, what is drawn. */
import { describe, expect, test } from '@jest/globals';
import { plainFrame, screenFrame } from '@lb/primary/internal/cli/top/frame';
import { keysOf } from '@lb/primary/internal/cli/top/keys';
import {
  type Effect,
  FIRST_STATE,
  pressed,
  type TopState,
  withSample,
} from '@lb/primary/internal/cli/top/top-state';
import type { StatsSample } from '@lb/shared/admin-api/statistics';
import { NO_TRAFFIC } from '../support/admin-fixture.ts';

const backend = (name: string, requestsPerSecond: number) => ({
  ...NO_TRAFFIC,
  name,
  state: 'up' as const,
  breaker: null,
  effectiveWeight: 1,
  inFlight: 0,
  requestsPerSecond,
});

const sampleOf = (...rates: readonly number[]): StatsSample => ({
  at: '2026-01-31T12:00:00.000Z',
  totals: { ...NO_TRAFFIC, connections: 3, inFlight: 1, cacheHitRate: null },
  routes: [],
  pools: [
    {
      ...NO_TRAFFIC,
      name: 'web',
      available: rates.length,
      isPanicking: false,
      queueLength: 0,
      backends: rates.map((rate, place) => backend(`b${place}`, rate)),
    },
  ],
});

const plain = { paint: (text: string): string => text };

function press(state: TopState, ...keys: readonly string[]) {
  let now = state;
  const effects: Effect[] = [];
  for (const key of keys) {
    const { state: next, effect } = pressed(now, key);
    now = next;
    if (effect !== undefined) effects.push(effect);
  }
  return { state: now, effects };
}

const rowsOf = (state: TopState): string[] =>
  screenFrame(state, { columns: 120, rows: 40 }, plain)
    .filter((line) => / web +b\d/.test(line))
    .map((line) => (line.startsWith('>') ? '>' : '') + (/b\d/.exec(line)?.[0] ?? ''));

const THREE = withSample(FIRST_STATE, sampleOf(1, 9, 5));

test('input is taken apart into keys, sequences without a meaning left out', () => {
  expect(keysOf('a\u001b[A\u001b[15~\r\u007f\u0003\u001b')).toEqual([
    'a',
    'up',
    'enter',
    'backspace',
    'ctrl-c',
    'escape',
  ]);
});

describe('keys', () => {
  test('sort by the next column, and turn the order round', () => {
    expect(rowsOf(THREE)).toEqual(['>b0', 'b1', 'b2']);
    const byRate = press(THREE, 's', 's', 's', 's').state;
    expect(byRate.sortBy).toBe('req/s');
    expect(rowsOf(byRate)).toEqual(['b1', 'b2', '>b0']);
    expect(rowsOf(press(byRate, 'r').state)).toEqual(['>b0', 'b2', 'b1']);
  });

  test('filter while they are typed, until escape', () => {
    const filtered = press(THREE, '/', 'B', 'x', 'backspace', '2', 'enter').state;
    expect(rowsOf(filtered)).toEqual(['>b2']);
    expect(rowsOf(press(filtered, '/', 'escape').state)).toEqual(['b0', 'b1', '>b2']);
  });

  test('move the cursor, which keeps its backend when a sample comes', () => {
    const moved = press(THREE, 'down', 'down', 'down', 'up').state;
    expect(rowsOf(withSample(moved, sampleOf(7, 7, 7)))).toEqual(['b0', '>b1', 'b2']);
    expect(rowsOf(withSample(moved, sampleOf(7)))).toEqual(['>b0']);
  });

  test.each([
    ['d', { state: 'drain' }],
    ['e', { state: 'enabled' }],
    ['x', { state: 'disabled' }],
  ])('%s changes the backend under the cursor, once it is confirmed', (key, change) => {
    expect(press(THREE, 'j', key, 'y').effects).toEqual([
      { kind: 'change', target: 'web/b1', change },
    ]);
    expect(press(THREE, key, 'n').effects).toEqual([]);
  });

  test('w asks for a weight, and again before it is set', () => {
    expect(press(THREE, 'w', '5', '0', 'enter', 'y').effects).toEqual([
      { kind: 'change', target: 'web/b0', change: { weight: 50 } },
    ]);
    const { state, effects } = press(THREE, 'w', '1', '.', '5', 'enter', 'y');
    expect(effects).toEqual([]);
    expect(state.mode.kind).toBe('browse');
  });

  test('q leaves, but is a letter in a filter; ctrl-c leaves from everywhere', () => {
    expect(press(THREE, 'q').effects).toEqual([{ kind: 'quit', isInterrupt: false }]);
    expect(press(THREE, '/', 'q').effects).toEqual([]);
    expect(press(THREE, '/', 'ctrl-c').effects).toEqual([{ kind: 'quit', isInterrupt: true }]);
  });
});

describe('a screen', () => {
  test('is never larger than the terminal, and has the cursor on it', () => {
    const many = withSample(
      FIRST_STATE,
      sampleOf(...Array.from({ length: 60 }, (_, place) => place)),
    );
    const state = { ...many, cursor: 'web/b40' };
    const frame = screenFrame(state, { columns: 50, rows: 12 }, plain);
    expect(frame.length).toBeLessThanOrEqual(12);
    expect(Math.max(...frame.map(({ length }) => length))).toBeLessThanOrEqual(50);
    expect(frame.some((line) => line.startsWith('> web   b40'))).toBe(true);
  });

  test('of --once has every backend and no escape sequence', () => {
    const text = plainFrame(sampleOf(1, 2, 3), FIRST_STATE).join('\n');
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text.match(/web +b\d/g)).toHaveLength(3);
  });
});
