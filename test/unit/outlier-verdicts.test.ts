import { describe, expect, test } from '@jest/globals';
import { OutlierWorld } from '../support/outlier-world.ts';

describe('errors in a row', () => {
  test('eject a backend, with the reason and the time', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    expect(world.changes).toEqual([
      {
        slot: 0,
        pool: 'web',
        backend: '0',
        ejected: { reason: 'consecutive_errors', count: 1, untilMs: world.time.wallMs() + 30_000 },
        detail: '5 errors in a row: 503',
      },
    ]);
    expect(world.monitor.reasonOf(0)).toMatch(/^5 errors in a row: 503; ejected until \d{4}-.*Z$/);
  });

  test('of several workers are joined', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 2);
    world.errors(0, 2);
    expect(world.ejected).toEqual([]);
    world.errors(0, 1);
    expect(world.ejected).toEqual(['0']);
  });

  test('are no row when another worker had an answer in between', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 4);
    world.answers(0, 1);
    world.errors(0, 4);
    expect(world.ejected).toEqual([]);
  });

  test('count from the last answer on where both came between two reports', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 4);
    world.tell(0, { answers: 1, errors: 3, streak: 1, hasRecovered: true, lastError: 'reset' });
    world.errors(0, 3);
    expect(world.ejected).toEqual([]);
    world.errors(0, 1);
    expect(world.ejected).toEqual(['0']);
  });

  test('that one worker saw are enough, whatever the others saw', () => {
    const world = new OutlierWorld(2);
    world.tell(0, { errors: 2, streak: 4, lastError: 'timeout' });
    world.answers(0, 100);
    world.tell(0, { errors: 1, streak: 5, lastError: 'timeout' });
    expect(world.changes[0]?.detail).toBe('5 errors in a row: timeout');
  });

  test('of a backend that is down are what it is down for', () => {
    const world = new OutlierWorld(2);
    world.states.set('0', 'down');
    world.errors(0, 50);
    world.states.delete('0');
    world.errors(0, 4);
    expect(world.ejected).toEqual([]);
  });

  test('do not eject with consecutiveErrors: 0', () => {
    const world = new OutlierWorld(2, '{ consecutiveErrors: 0, errorRate: 1, minRequests: 1000 }');
    world.errors(0, 500);
    expect(world.ejected).toEqual([]);
  });
});

describe('the error rate', () => {
  const settings = '{ consecutiveErrors: 0, errorRate: 0.3, minRequests: 20, window: 10s }';

  test('ejects at its threshold, once there were enough requests', () => {
    const world = new OutlierWorld(2, settings);
    world.tell(0, { answers: 10, errors: 9, hasRecovered: true, lastError: '503' });
    expect(world.ejected).toEqual([]);
    world.answers(0, 11);
    expect(world.changes[0]).toMatchObject({
      ejected: { reason: 'error_rate' },
      detail: '30 % errors, 9 of 30 requests: 503',
    });
  });

  test('forgets what is older than the window', async () => {
    const world = new OutlierWorld(2, settings);
    world.tell(0, { answers: 5, errors: 14, hasRecovered: true, lastError: '503' });
    await world.time.advance(11_000);
    world.answers(0, 10);
    expect(world.ejected).toEqual([]);
  });

  test('counts a body that broke off as one request', () => {
    const world = new OutlierWorld(2, settings);
    world.answers(0, 15);
    world.tell(0, { answers: -5, errors: 5, streak: 5, lastError: 'reset' });
    expect(world.ejected).toEqual([]);
    world.answers(0, 1);
    world.tell(0, { answers: -1, errors: 1, streak: 1, lastError: 'reset' });
    world.answers(0, 4);
    expect(world.changes[0]?.detail).toBe('30 % errors, 6 of 20 requests: reset');
  });
});

describe('latency', () => {
  const settings = '{ latencyFactor: 3, minRequests: 20, window: 10s }';

  test('ejects a backend whose p95 is far above the median of the pool', async () => {
    const world = new OutlierWorld(3, settings);
    world.latencies(0, 20, 100);
    world.latencies(1, 20, 100);
    await world.time.advance(1_000);
    world.latencies(2, 100, 100);
    expect(world.ejected).toEqual(['2']);
    expect(world.changes[0]?.ejected?.reason).toBe('latency');
    expect(world.changes[0]?.detail).toMatch(
      /^p95 of 1\d\d ms, 4\.8 times the 2\d ms of the pool$/,
    );
  });

  test.each([
    ['it is not that far', 50, 100],
    ['it had too few requests', 100, 19],
  ])('spares a backend when %s', async (_, ms, count) => {
    const world = new OutlierWorld(3, settings);
    world.latencies(0, 20, 100);
    world.latencies(1, 20, 100);
    await world.time.advance(1_000);
    world.latencies(2, ms, count);
    expect(world.ejected).toEqual([]);
  });

  test('spares backends that are all fast, and pools of two', async () => {
    const fast = new OutlierWorld(3, settings);
    fast.latencies(0, 0.5, 100);
    fast.latencies(1, 0.5, 100);
    await fast.time.advance(1_000);
    fast.latencies(2, 4, 100);
    expect(fast.ejected).toEqual([]);
    const two = new OutlierWorld(2, settings);
    two.latencies(0, 20, 100);
    await two.time.advance(1_000);
    two.latencies(1, 2_000, 100);
    expect(two.ejected).toEqual([]);
  });
});
