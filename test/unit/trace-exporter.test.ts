/** Spans on their way to a collector that is well, slow, or away. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { seededRandom } from '@lb/shared/time/clock';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { TraceMetrics } from '@lb/worker/internal/metrics/trace-metrics';
import type { Verdict } from '@lb/worker/internal/tracing/collector';
import { Exporter } from '@lb/worker/internal/tracing/exporter';
import { metricTotal } from '../support/metric-totals.ts';

const WELL: Verdict = { kind: 'taken', rejected: 0, reason: '' };
const AWAY: Verdict = { kind: 'later', reason: 'connection refused', afterMs: undefined };

interface Rig {
  readonly exporter: Exporter<number>;
  /** Spans of each post. */
  readonly posts: readonly number[][];
  /** Levels of what was logged. */
  readonly logged: readonly string[];
  isClosed(): boolean;
  give(count: number): void;
  counts(): { readonly exported: number; readonly dropped: number };
}

/** @param answer what the collector says to the post of this number, from 0 */
function start(answer: (post: number) => Verdict | Promise<Verdict>): Rig {
  const cells = new Cells();
  const posts: number[][] = [];
  const logged: string[] = [];
  let isClosed = false;
  let given = 0;
  const exporter = new Exporter<number>({
    collector: {
      address: 'http://c.example/v1/traces',
      post: async (body) => {
        posts.push(JSON.parse(body.toString()) as number[]);
        return await answer(posts.length - 1);
      },
      close: () => {
        isClosed = true;
      },
    },
    write: String,
    envelope: ['[', ']'],
    metrics: new TraceMetrics(cells),
    random: seededRandom(1),
    log: pino(
      { formatters: { level: (level) => ({ level }) } },
      { write: (line) => logged.push((JSON.parse(line) as { level: string }).level) },
    ),
  });
  const deltas: Parameters<typeof metricTotal>[0][number][] = [];
  return {
    exporter,
    posts,
    logged,
    isClosed: () => isClosed,
    give: (count) => {
      for (let i = 0; i < count; i++) exporter.take(given++);
    },
    counts: () => {
      const delta = cells.takeDelta();
      if (delta !== undefined) deltas.push({ lb: 1, ...delta });
      const total = (result: string): number => metricTotal(deltas, 'lb_trace_spans_total', result);
      return { exported: total('exported'), dropped: total('dropped') };
    },
  };
}

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('spans', () => {
  test('go out together after five seconds', async () => {
    const rig = start(() => WELL);
    rig.give(2);
    await pass(4_990);
    rig.give(1);
    expect(rig.posts).toEqual([]);
    await pass(20);
    expect(rig.posts).toEqual([[0, 1, 2]]);
    expect(rig.counts()).toEqual({ exported: 3, dropped: 0 });
  });

  test('go out at once when there are 512, and never in the middle of what made them', async () => {
    const rig = start(() => WELL);
    rig.give(1_100);
    expect(rig.posts).toEqual([]);
    await pass(1);
    expect(rig.posts.map(({ length }) => length)).toEqual([512, 512]);
    await pass(5_000);
    expect(rig.posts.map(({ length }) => length)).toEqual([512, 512, 76]);
  });

  test('wait while others are under way, 2,048 of both at most; the rest is dropped', async () => {
    let release: (verdict: Verdict) => void = () => undefined;
    const hanging = new Promise<Verdict>((resolve) => {
      release = resolve;
    });
    const rig = start((post) => (post === 0 ? hanging : WELL));
    rig.give(512);
    await pass(1);
    rig.give(2_000);
    await pass(60_000);
    expect(rig.posts).toHaveLength(1);
    expect(rig.counts()).toEqual({ exported: 0, dropped: 464 });

    release(WELL);
    await pass(5_000);
    expect(rig.posts.flat()).toHaveLength(2_048);
    expect(rig.counts()).toEqual({ exported: 2_048, dropped: 464 });
  });

  test('that the collector threw away are counted as dropped', async () => {
    const rig = start(() => ({ kind: 'taken', rejected: 2, reason: 'too old' }));
    rig.give(5);
    await pass(5_010);
    expect(rig.counts()).toEqual({ exported: 3, dropped: 2 });
    expect(rig.logged).toEqual(['warn']);
  });
});

describe('a collector that is away', () => {
  test('is asked again, later each time, and the spans are dropped after the fifth try', async () => {
    const rig = start(() => AWAY);
    rig.give(1);
    await pass(5_010);
    expect(rig.posts).toHaveLength(1);
    await pass(2_000);
    expect(rig.posts).toHaveLength(2);
    await pass(4_000 + 8_000 + 16_000);
    expect(rig.posts).toEqual([[0], [0], [0], [0], [0]]);
    expect(rig.counts()).toEqual({ exported: 0, dropped: 1 });
  });

  test('is asked when it says so', async () => {
    const rig = start((post) =>
      post === 0 ? { kind: 'later', reason: 'busy', afterMs: 30_000 } : WELL,
    );
    rig.give(1);
    await pass(5_000 + 29_900);
    expect(rig.posts).toHaveLength(1);
    await pass(200);
    expect(rig.posts).toEqual([[0], [0]]);
    expect(rig.counts()).toEqual({ exported: 1, dropped: 0 });
  });

  test('is a line of the log when it goes, and one when it is back', async () => {
    const rig = start((post) => (post < 12 ? AWAY : WELL));
    for (let batch = 0; batch < 4; batch++) {
      rig.give(1);
      await pass(60_000);
    }
    expect(rig.posts).toHaveLength(14);
    expect(rig.logged).toEqual(['warn', 'info']);
  });
});

test('spans that are refused are not sent again', async () => {
  const rig = start((post) => (post === 0 ? { kind: 'refused', reason: 'it answers 401' } : WELL));
  rig.give(1);
  await pass(60_000);
  rig.give(1);
  await pass(60_000);
  expect(rig.posts).toEqual([[0], [1]]);
  expect(rig.counts()).toEqual({ exported: 1, dropped: 1 });
});

describe('at its end', () => {
  test('everything that waits is sent', async () => {
    const rig = start(() => WELL);
    rig.give(600);
    const closed = rig.exporter.close();
    await pass(1);
    await closed;
    expect(rig.posts.flat()).toHaveLength(600);
    expect(rig.counts()).toEqual({ exported: 600, dropped: 0 });
    expect(rig.isClosed()).toBe(true);
  });

  test('nobody waits for a collector that is away', async () => {
    const rig = start(() => AWAY);
    rig.give(1);
    await pass(5_100);
    rig.give(1);
    const closed = rig.exporter.close();
    await pass(1);
    await closed;
    expect(rig.posts).toEqual([[0], [0], [1]]);
    rig.give(1);
    expect(rig.counts()).toEqual({ exported: 0, dropped: 3 });
  });
});
