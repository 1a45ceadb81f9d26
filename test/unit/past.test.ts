/** The past of an instance that has just started, with a database behind it. */
import { describe, expect, test } from '@jest/globals';
import { Past } from '@lb/primary/internal/persist/past';
import {
  PersistError,
  type PastQuestion,
  type PastStep,
} from '@lb/primary/internal/persist/sample';
import { Statistics } from '@lb/primary/internal/traffic/statistics';
import { Traffic } from '@lb/primary/internal/traffic/traffic';
import { FakeClock } from '../support/fake-clock.ts';

const NOON = Date.UTC(2026, 10, 26, 12);

/** A database with a sample every ten seconds, whose rate is the number of the minute it is in. */
function answer({ endMs, stepMs, count }: PastQuestion, sinceMs: number): PastStep[] {
  return Array.from({ length: count }, (_, back) => ({
    back,
    seconds: stepMs / 1_000,
    requests: (new Date(endMs - back * stepMs).getUTCMinutes() * stepMs) / 1_000,
    errors: 0,
    p50Ms: 2,
    p95Ms: null,
    p99Ms: 8,
    connections: 4,
    inFlight: 1.5,
    cacheHitRate: null,
  })).filter(({ back }) => endMs - back * stepMs > sinceMs);
}

function arrange({ isKept = true, sinceMs = 0 } = {}) {
  const clock = new FakeClock(NOON + 250);
  const traffic = new Traffic(clock);
  traffic.follow({ routes: ['all'], pools: [] });
  const statistics = new Statistics({
    clock,
    traffic,
    gauges: () => ({ connections: 9, inFlight: 0 }),
    cacheCounts: () => ({ asked: 0, answered: 0 }),
    routes: () => ['all'],
    pools: () => [],
  });
  const asked: PastQuestion[] = [];
  const database = { error: undefined as PersistError | undefined };
  const persistence = {
    intervalMs: isKept ? 10_000 : undefined,
    past: (question: PastQuestion) => {
      asked.push(question);
      const { error } = database;
      return error === undefined
        ? Promise.resolve(answer(question, sinceMs))
        : Promise.reject(error);
    },
  };
  const past = new Past({ clock, statistics, persistence });
  const seconds = (count: number): void => {
    for (let second = 0; second < count; second++) {
      clock.pass(1_000);
      statistics.step();
    }
  };
  const ask = async (...question: Parameters<Past['history']>) => {
    const outcome = await past.history(...question);
    if (!outcome.ok) throw new Error(outcome.message);
    return outcome.reply;
  };
  return { past, ask, seconds, asked, database };
}

describe('the last day', () => {
  test('is what memory has, and before it what the database has', async () => {
    const { ask, seconds } = arrange();
    seconds(120);
    const reply = await ask({}, { seconds: 3_600 });
    expect(reply).toMatchObject({
      stepSeconds: 60,
      end: '2026-11-26T12:02:00.250Z',
      warning: null,
    });
    expect(reply.requestsPerSecond).toHaveLength(60);
    expect(reply.requestsPerSecond.slice(-4)).toEqual([59, 0, 0, 0]);
    expect(reply.connections?.slice(-4)).toEqual([4, 4, 9, 9]);
    expect(reply.p99Ms.slice(-4)).toEqual([8, 8, null, null]);
  });

  test('by the second holds the samples of ten seconds for as long', async () => {
    const { ask, seconds, asked } = arrange();
    seconds(5);
    const reply = await ask({}, { seconds: 900 });
    expect(asked).toMatchObject([{ stepMs: 10_000, endMs: NOON }]);
    expect(reply.requestsPerSecond).toHaveLength(900);
    expect(reply.end).toBe('2026-11-26T12:00:05.250Z');
    // The sample of twelve o'clock is of the ten seconds before it.
    expect(reply.requestsPerSecond.slice(-17)).toEqual([
      59,
      59,
      ...Array.from({ length: 15 }, () => 0),
    ]);
  });

  test('begins where the database begins', async () => {
    const { ask, seconds } = arrange({ sinceMs: NOON - 599_000 });
    seconds(60);
    expect((await ask({}, { seconds: 86_400 })).requestsPerSecond).toHaveLength(11);
  });

  test('asks nobody for what memory has', async () => {
    const { ask, seconds, asked } = arrange();
    seconds(90);
    await ask({}, { seconds: 60 });
    expect(asked).toEqual([]);
  });

  test('of a part has no gauges', async () => {
    const { ask } = arrange();
    const reply = await ask({ route: 'all' }, { seconds: 86_400 });
    expect(reply.requestsPerSecond).toHaveLength(1_440);
    expect(reply.connections).toBeNull();
  });
});

describe('a stretch of time', () => {
  const fromMs = NOON - 7 * 86_400_000;

  test('comes from the database in steps that suit a chart, or in those that are asked for', async () => {
    const { ask, asked } = arrange();
    const week = await ask({}, { fromMs, toMs: undefined, stepSeconds: undefined });
    expect(week).toMatchObject({ stepSeconds: 900, end: '2026-11-26T12:00:00.000Z' });
    expect(week.requestsPerSecond).toHaveLength(672);
    const hour = { fromMs, toMs: fromMs + 3_600_000, stepSeconds: 60 };
    expect((await ask({}, hour)).requestsPerSecond).toHaveLength(60);
    expect(asked[1]).toMatchObject({ endMs: fromMs + 3_600_000, stepMs: 60_000, count: 60 });
  });

  test('has null where nothing is known', async () => {
    const { ask } = arrange({ sinceMs: NOON - 60_000 });
    const reply = await ask({}, { fromMs: NOON - 120_000, toMs: undefined, stepSeconds: 60 });
    expect(reply.requestsPerSecond).toEqual([null, 0]);
    expect(reply.errorRate).toEqual([null, 0]);
  });

  test.each([
    [{ fromMs: NOON + 1_000, toMs: undefined, stepSeconds: undefined }, 'before now'],
    [{ fromMs, toMs: undefined, stepSeconds: 1 }, 'at most 10000 steps'],
  ])('is refused where it makes no sense: %j', async (question, message) => {
    const { past } = arrange();
    const outcome = await past.history({}, question);
    expect(outcome).toMatchObject({ ok: false, status: 400 });
    expect(JSON.stringify(outcome)).toContain(message);
  });

  test('of nobody is not found', async () => {
    const { past } = arrange();
    const question = { fromMs, toMs: undefined, stepSeconds: undefined };
    for (const asked of [question, { seconds: 900 }])
      expect(await past.history({ route: 'x' }, asked)).toMatchObject({ status: 404 });
  });
});

describe('without the database', () => {
  test('there is what memory has, and why there is no more', async () => {
    const { ask, seconds, database } = arrange();
    seconds(180);
    database.error = new PersistError('no answer in time');
    const warning = 'metrics.persist: no answer in time';
    const day = await ask({}, { seconds: 86_400 });
    expect(day).toMatchObject({ warning });
    expect(day.requestsPerSecond).toHaveLength(3);
    const range = { fromMs: NOON + 60_250, toMs: NOON + 120_250, stepSeconds: undefined };
    const part = await ask({}, range);
    expect(part).toMatchObject({ warning, stepSeconds: 1 });
    expect(part.requestsPerSecond.length).toBeGreaterThanOrEqual(59);
    expect(part.end).toMatch(/^2026-11-26T12:0(1:59|2:00)/);
  });

  test('and without metrics.persist nothing is asked, and nothing is missing', async () => {
    const { ask, seconds, asked } = arrange({ isKept: false });
    seconds(60);
    const day = { fromMs: NOON - 86_400_000, toMs: undefined, stepSeconds: undefined };
    for (const question of [{ seconds: 86_400 }, day])
      expect(await ask({}, question)).toMatchObject({ warning: null, connections: [9] });
    expect(asked).toEqual([]);
  });
});
