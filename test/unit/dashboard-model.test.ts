import { describe, expect, test } from '@jest/globals';
import { eventLine } from '@lb/primary/dashboard/model/event-line';
import {
  formatAge,
  formatAxisMoment,
  formatMoment,
  formatMs,
  formatRate,
  formatShare,
} from '@lb/primary/dashboard/model/format';
import { heartbeatPaths, heartbeatText, HEARTBEATS } from '@lb/primary/dashboard/model/heartbeat';
import { historyPath, LIVE_RANGE, rangesFor } from '@lb/primary/dashboard/model/chart-range';
import { historyOf, withSample } from '@lb/primary/dashboard/model/history';
import { explainRequest } from '@lb/primary/dashboard/model/request-lines';
import { visibleRows } from '@lb/primary/dashboard/model/visible-rows';
import { historyReply, sampleAt } from '../support/dashboard-samples.ts';

describe('dashboard: numbers', () => {
  test.each([
    [0, '0'],
    [0.04, '0.0'],
    [12.34, '12.3'],
    [99.97, '100'],
    [1_204.4, '1,204'],
    [2_500_000, '2.5 M'],
  ])('%d requests a second are %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  test.each([
    [null, '–'],
    [0.4, '0.40 ms'],
    [9.996, '10.0 ms'],
    [99.96, '100 ms'],
    [999.7, '1.00 s'],
  ])('%p ms are %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test.each([
    [0, '0 %'],
    [0.0002, '<0.1 %'],
    [0.025, '2.5 %'],
    [0.43, '43 %'],
    [0.9999, '>99 %'],
    [1, '100 %'],
  ])('a share of %d is %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  test.each([
    [12_000, '12 s'],
    [240_000, '4 min'],
    [11_520_000, '3 h 12 min'],
    [442_800_000, '5 d 3 h'],
    [-500, '0 s'],
  ])('an age of %d ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});

describe('dashboard: heartbeat bar', () => {
  test('has a bar for every probe and a mark for every one that is missing', () => {
    const { ok, failed, empty } = heartbeatPaths([true, false, true]);
    const bars = [ok, failed, empty].map((path) => path.split('M').length - 1);
    expect(bars).toEqual([2, 1, HEARTBEATS - 3]);
  });

  test('shows the last ones when there are too many', () => {
    const probes = [...Array.from({ length: HEARTBEATS }, () => false), true];
    expect(heartbeatPaths(probes).ok).toContain(`M${(HEARTBEATS - 1) * 3} `);
  });

  test.each([
    [[], 'no probes yet'],
    [[true, true], 'the last 2 probes went well'],
    [[true, false], '1 of the last 2 probes failed'],
  ])('%j is said as "%s"', (probes, text) => {
    expect(heartbeatText(probes)).toBe(text);
  });
});

describe('dashboard: history', () => {
  const start = Date.parse('2026-01-01T00:00:00.000Z');

  test('ends with the second that the instance says', () => {
    const { seconds } = historyOf(historyReply(start, 3));
    expect(seconds).toEqual([-2, -1, 0].map((by) => start / 1_000 + by));
  });

  test('gets a sample at its end, and loses what is older than fifteen minutes', () => {
    let history = historyOf(historyReply(start, LIVE_RANGE.seconds));
    history = withSample(history, sampleAt(start + 1_000, 42));
    expect(history.seconds).toHaveLength(LIVE_RANGE.seconds);
    expect(history.seconds.at(-1)).toBe(start / 1_000 + 1);
    expect(history.requestsPerSecond.at(-1)).toBe(42);
  });

  test('replaces a second that it has, and ignores one from before', () => {
    const history = historyOf(historyReply(start, 3));
    const replaced = withSample(history, sampleAt(start, 42));
    expect(replaced.requestsPerSecond).toEqual([1, 1, 42]);
    expect(withSample(replaced, sampleAt(start - 1_000, 7))).toBe(replaced);
  });

  test('begins with the first sample when there is none', () => {
    const empty = historyOf({ ...historyReply(start, 0), end: null });
    expect(withSample(empty, sampleAt(start, 5)).requestsPerSecond).toEqual([5]);
  });
});

describe('dashboard: ranges of the charts', () => {
  test('go further back than a day where there is a database', () => {
    const names = (hasDatabase: boolean): string[] =>
      rangesFor(hasDatabase).map(({ name }) => name);
    expect(names(false)).toEqual(['15 min', '24 h']);
    expect(names(true)).toEqual(['15 min', '24 h', '7 d', '30 d']);
  });

  test('ask memory and database for a day, and from a moment on for more', () => {
    const paths = rangesFor(true).map((range) => historyPath(range, Date.UTC(2026, 0, 31)));
    expect(paths.map((path) => path.split('?')[1])).toEqual([
      'seconds=900',
      'seconds=86400',
      'from=2026-01-24T00:00:00.000Z',
      'from=2026-01-01T00:00:00.000Z',
    ]);
  });

  test.each([
    [900, /^\d\d:\d\d:\d\d$/, /^\d\d:\d\d$/],
    [86_400, /^\d+ Jan, \d\d:\d\d$/, /^\d\d:\d\d$/],
    [604_800, /^\d+ Jan, \d\d:\d\d$/, /^\d+ Jan$/],
  ])('of %d s say when something was as precisely as they can', (seconds, moment, tick) => {
    const ms = Date.UTC(2026, 0, 15, 12);
    expect(formatMoment(ms, seconds)).toMatch(moment);
    expect(formatAxisMoment(ms, seconds)).toMatch(tick);
  });
});

describe('dashboard: rows in sight', () => {
  const table = { windowPx: 600, rowPx: 30, count: 500 };

  test('a table below the window has none', () => {
    const { first, end } = visibleRows({ ...table, topPx: 5_000 });
    expect(end - first).toBe(0);
  });

  test('a table above the window has none', () => {
    const { first, end } = visibleRows({ ...table, topPx: -50_000 });
    expect(end - first).toBe(0);
  });

  test('five hundred rows are as many as the window has room for, and some around it', () => {
    const { first, end } = visibleRows({ ...table, topPx: -6_000 });
    expect(first).toBeLessThanOrEqual(200);
    expect(end).toBeGreaterThanOrEqual(220);
    expect(end - first).toBeLessThan(60);
  });

  test('a short table has all of them', () => {
    expect(visibleRows({ ...table, topPx: 100, count: 3 })).toEqual({ first: 0, end: 3 });
  });
});

describe('dashboard: words', () => {
  test('an event says what it is about, what happened and why', () => {
    const facts = { pool: 'web', backend: 'web-2', from: 'up', reason: 'refused', until: null };
    expect(
      eventLine({ id: 1, at: '', type: 'health_change', level: 'warn', message: 'down', facts }),
    ).toEqual({ subject: 'web/web-2', message: 'down', detail: 'refused' });
  });

  test('a request to explain is made of what was typed', () => {
    const form = { method: 'GET', url: ' /a ', headers: 'Host: x:80\n\nAccept:a', clientIp: ' ' };
    expect(explainRequest(form)).toEqual({
      method: 'GET',
      url: '/a',
      headers: { Host: 'x:80', Accept: 'a' },
    });
  });

  test('a line that is no header is named', () => {
    const form = { method: 'GET', url: '/', headers: 'nonsense', clientIp: '' };
    expect(() => explainRequest(form)).toThrow('"nonsense" is no header');
  });
});
