/** Requests as they end, on their way from workers to who reads along. */
import { describe, expect, test } from '@jest/globals';
import { AccessStream } from '@lb/primary/internal/logs/access-stream';
import type { AccessRecord, MissedRequests } from '@lb/shared/admin-api/logs';
import type { ToWorker } from '@lb/shared/ipc/messages';
import { passes, statusRange } from '@lb/shared/model/log-filter';

const RECORD: AccessRecord = {
  time: '2026-01-31T12:00:00.123Z',
  request_id: 'abc',
  client: null,
  listener: 'web',
  method: 'GET',
  host: null,
  path: '/',
  query: null,
  protocol: 'HTTP/1.1',
  status: 200,
  route: 'shop',
  pool: 'web',
  backend: 'b1',
  tries: 1,
  bytes: 0,
  request_bytes: 0,
  connect_ms: null,
  ttfb_ms: null,
  total_ms: 1,
  reason: null,
  user_agent: null,
  referer: null,
};
const FAILED = { ...RECORD, status: 502 };

/** A stream between workers that write down what they are told. */
function stream(workers: number[] = [1, 2]) {
  const told: (readonly [worker: number, filters: number])[] = [];
  const access = new AccessStream({
    workers: () => workers,
    send: (id, message: ToWorker) => {
      if (message.type === 'tap') told.push([id, message.filters.length]);
      return true;
    },
  });
  return { access, told, workers };
}

describe('a stream of requests', () => {
  test('gives each reader what its filter lets pass', () => {
    const { access } = stream();
    const [all, failed]: (AccessRecord | MissedRequests)[][] = [[], []];
    access.watch({}, (entry) => all?.push(entry) !== undefined);
    access.watch({ status: [500, 599] }, (entry) => failed?.push(entry) !== undefined);
    access.receive([RECORD, FAILED], 0);
    expect({ all, failed }).toEqual({ all: [RECORD, FAILED], failed: [FAILED] });
  });

  test('asks workers only while somebody reads, and those that come later as well', () => {
    const { access, told, workers } = stream([1]);
    access.workersChanged();
    const stop = access.watch({}, () => true);
    workers.push(2);
    access.workersChanged();
    stop();
    access.workersChanged();
    expect(told).toEqual([
      [1, 1],
      [2, 1],
      [1, 0],
      [2, 0],
    ]);
  });

  test('a reader that takes no more is told how many it missed, once it takes some again', () => {
    const { access } = stream();
    const taken: (AccessRecord | MissedRequests)[] = [];
    let isBehind = true;
    access.watch({}, (entry) => {
      if (!isBehind) taken.push(entry);
      return !isBehind;
    });
    access.receive([RECORD, RECORD, FAILED], 4);
    isBehind = false;
    access.receive([FAILED], 0);
    expect(taken).toEqual([{ missed: 7 }, FAILED]);
  });
});

describe('a filter', () => {
  test.each([
    [{ route: 'shop' }, RECORD, true],
    [{ route: 'other' }, RECORD, false],
    [{ route: 'none' }, { ...RECORD, route: null }, true],
    [{ backend: 'b1' }, RECORD, true],
    [{ backend: 'web/b1' }, RECORD, true],
    [{ backend: 'api/b1' }, RECORD, false],
    [{ backend: 'b1' }, { ...RECORD, backend: null }, false],
  ])('%j', (filter, record, isPassed) => {
    expect(passes(filter, record)).toBe(isPassed);
  });

  test.each([
    ['5xx', [500, 599]],
    ['404', [404, 404]],
    ['600', undefined],
    ['5x', undefined],
    ['4x4', undefined],
  ])('takes the status %s for %j', (text, range) => {
    expect(statusRange(text)).toEqual(range);
  });
});
