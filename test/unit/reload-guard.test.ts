import { describe, expect, test } from '@jest/globals';
import { DURATION_BUCKETS_SECONDS } from '@lb/shared/metrics/catalog';
import { worsened } from '@lb/primary/internal/config/judge-reload';
import { ReloadGuard, type GuardVerdict } from '@lb/primary/internal/config/reload-guard';
import type { RequestCounts } from '@lb/primary/internal/metrics/request-history';
import { FakeClock } from '../support/fake-clock.ts';

/** @param slowMs how long `slow` of them took; the others took 2 ms */
function counts(requests: number, errors = 0, slow = 0, slowMs = 0): RequestCounts {
  const buckets = new Float64Array(DURATION_BUCKETS_SECONDS.length + 1);
  const bucketOf = (ms: number): number =>
    DURATION_BUCKETS_SECONDS.findIndex((bound) => ms <= bound * 1_000);
  buckets[bucketOf(2)] = requests - slow;
  if (slow > 0) buckets[bucketOf(slowMs)] = slow;
  return { requests, errors, buckets };
}

describe('traffic got worse', () => {
  test.each([
    ['every request fails', counts(1_000), counts(20, 20)],
    ['two percent of errors where there were none', counts(1_000), counts(200, 4)],
    ['errors more than doubled', counts(1_000, 50), counts(1_000, 120)],
    ['errors where there was no traffic', counts(0), counts(100, 5)],
    ['p99 from 2 ms to 250 ms', counts(1_000), counts(1_000, 0, 50, 250)],
  ])('%s', (_, before, after) => {
    expect(worsened(before, after)).toMatch(/^(errors|p99) rose from/);
  });

  test.each([
    ['nothing changed', counts(1_000, 10), counts(1_000, 10)],
    ['fewer than twenty requests, all failed', counts(1_000), counts(19, 19)],
    ['two errors', counts(1_000), counts(20, 2)],
    [
      'errors doubled, and less than a percentage point more',
      counts(1_000, 100),
      counts(1_000, 205),
    ],
    ['errors became fewer', counts(1_000, 500), counts(1_000, 10)],
    ['p99 doubled, and less than 50 ms more', counts(1_000), counts(1_000, 0, 50, 10)],
    ['a slow request of fifty', counts(1_000), counts(50, 0, 1, 10_000)],
    ['slow requests where there was no traffic before', counts(0), counts(1_000, 0, 500, 1_000)],
  ])('not when %s', (_, before, after) => {
    expect(worsened(before, after)).toBeUndefined();
  });
});

function setup() {
  const clock = new FakeClock();
  let total = counts(1_000);
  const reasons: string[] = [];
  const verdicts: GuardVerdict[] = [];
  const guard = new ReloadGuard({ clock, history: { total: () => total } });
  const watch = (): void => {
    const goBack = (reason: string): Promise<GuardVerdict> => {
      reasons.push(reason);
      return Promise.resolve({ verdict: 'reverted', reason });
    };
    void guard
      .watch({ guardMs: 30_000, before: counts(1_000), goBack })
      .then((verdict) => verdicts.push(verdict));
  };
  const passes = async (seconds: number, requests = 0, errors = 0): Promise<void> => {
    const now = counts(requests, errors);
    total = {
      requests: total.requests + requests,
      errors: total.errors + errors,
      buckets: total.buckets.map((count, bucket) => count + (now.buckets[bucket] ?? 0)),
    };
    clock.pass(seconds * 1_000);
    guard.look();
    await new Promise(setImmediate);
  };
  return { guard, clock, watch, passes, reasons, verdicts };
}

describe('the guard of a reload', () => {
  test('goes back as soon as traffic is worse, once', async () => {
    const { watch, passes, reasons, verdicts } = setup();
    watch();
    await passes(1, 100, 0);
    expect(verdicts).toEqual([]);
    await passes(1, 100, 50);
    await passes(1, 100, 50);
    expect(reasons).toEqual(['errors rose from 0.0 % to 25.0 % (50 of 200 requests)']);
    expect(verdicts).toMatchObject([{ verdict: 'reverted' }]);
  });

  test('keeps the configuration when the time is up, and not before', async () => {
    const { watch, passes, verdicts, guard, clock } = setup();
    watch();
    await passes(29, 1_000);
    expect(verdicts).toEqual([]);
    expect(guard.watchesUntilMs).toBe(clock.wallMs() + 1_000);
    await passes(1);
    expect(verdicts).toMatchObject([{ verdict: 'kept' }]);
    expect(guard.watchesUntilMs).toBeUndefined();
  });

  test('says when there was too little traffic to tell', async () => {
    const { watch, passes, verdicts } = setup();
    watch();
    await passes(30, 5, 5);
    expect(verdicts).toEqual([{ verdict: 'kept', reason: '5 requests are too few to tell' }]);
  });

  test('another reload ends the one before without a verdict', async () => {
    const { watch, passes, verdicts, reasons } = setup();
    watch();
    watch();
    await passes(1, 100, 100);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['superseded', 'reverted']);
    expect(reasons).toHaveLength(1);
  });

  test('looks at nothing when nothing is guarded', async () => {
    const { passes, reasons } = setup();
    await passes(1, 100, 100);
    expect(reasons).toEqual([]);
  });
});
