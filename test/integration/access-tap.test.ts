/** What a worker tells of requests that end while somebody reads along. */
import { describe, expect, test } from '@jest/globals';
import type { AccessRecord } from '@lb/shared/admin-api/logs';
import type { LogFilter } from '@lb/shared/model/log-filter';
import { eventually } from '../support/eventually.ts';
import { type Front, startFront } from '../support/front.ts';
import { okAnswer } from '../support/recording-backend.ts';

const tap = (front: Front, ...filters: LogFilter[]): void =>
  front.worker.receive({ lb: 1, type: 'tap', filters });

const told = (front: Front) => front.worker.messages.filter((message) => message.type === 'access');

const recordsOf = (front: Front): AccessRecord[] =>
  told(front).flatMap(({ records }) => [...records]);

const get = (front: Front, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${front.port}${path}`, {
    headers: { 'user-agent': 'a test', connection: 'close' },
  });

describe('a worker whose requests somebody reads along', () => {
  test('tells of each what the access log would say', async () => {
    await using front = await startFront({ log: 'json' });
    tap(front, {});
    await get(front, '/a?b=c');
    const [record] = await eventually(() => {
      const records = recordsOf(front);
      expect(records).toHaveLength(1);
      return records;
    });
    const [line = ''] = await front.readLog(1);
    const { time, total_ms: totalMs, ...logged } = JSON.parse(line) as AccessRecord;
    expect(record).toMatchObject(logged);
    expect(record?.total_ms).toBeCloseTo(totalMs, 2);
    expect(record?.time.slice(0, 10)).toBe(time.slice(0, 10));
    expect(Object.keys(record ?? {}).toSorted()).toEqual(
      Object.keys(JSON.parse(line) as AccessRecord).toSorted(),
    );
  });

  test('tells only of what passes a filter, and of nothing once nobody reads', async () => {
    await using front = await startFront({
      respond: ({ target }) =>
        target === '/bad' ? 'HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n' : okAnswer(),
    });
    await get(front, '/bad');
    tap(front, { status: [500, 599] });
    await get(front, '/good');
    await get(front, '/bad');
    await eventually(() => expect(recordsOf(front)).toHaveLength(1));
    tap(front);
    await get(front, '/bad');
    tap(front, {});
    await get(front, '/good');
    await eventually(() =>
      expect(recordsOf(front).map(({ path }) => path)).toEqual(['/bad', '/good']),
    );
  });

  test('counts those that are more than it holds', async () => {
    await using front = await startFront();
    tap(front, {});
    await Promise.all(Array.from({ length: 400 }, () => get(front, '/')));
    await eventually(() => {
      const missed = told(front).reduce((sum, message) => sum + message.missed, 0);
      expect(recordsOf(front).length + missed).toBe(400);
      for (const { records } of told(front)) expect(records.length).toBeLessThanOrEqual(250);
    });
  });
});
