import { describe, expect, test } from '@jest/globals';
import { areOutdated, joinPools, rowsOf } from '@lb/primary/dashboard/model/rows';
import { verdictOf } from '@lb/primary/dashboard/model/verdict';
import type { BackendReply, PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import { BACKEND, POOL, STATUS } from '../support/admin-fixture.ts';
import { RUNNING, sampleAt } from '../support/dashboard-samples.ts';

const backend = (name: string, change: Partial<BackendReply> = {}): BackendReply => ({
  ...BACKEND,
  breaker: null,
  name,
  ...change,
});

function pool(name: string, ...backends: BackendReply[]): PoolReply {
  const available = backends.filter(({ state }) => state === 'up').length;
  return { ...POOL, name, available, backends };
}

describe('dashboard: verdict', () => {
  test('all is well', () => {
    const pools = [pool('web', backend('web-1'), backend('web-2')), pool('api', backend('api-1'))];
    expect(verdictOf(RUNNING, pools)).toEqual({ severity: 'ok', text: 'All 3 backends up' });
  });

  test('names backends that are down, and why', () => {
    const down = backend('web-2', { state: 'down', reason: 'connection refused' });
    expect(verdictOf(RUNNING, [pool('web', backend('web-1'), down)])).toEqual({
      severity: 'bad',
      text: '1 of 2 backends down: web/web-2 connection refused',
    });
  });

  test('counts those that it does not name', () => {
    const down = ['a', 'b', 'c', 'd'].map((name) => backend(name, { state: 'down', reason: 'x' }));
    const { text } = verdictOf(RUNNING, [pool('web', backend('web-1'), ...down)]);
    expect(text).toBe('4 of 5 backends down: web/a x, web/b x, 2 more');
  });

  test('a pool that can take nothing comes first', () => {
    const down = backend('api-1', { state: 'down', reason: 'x' });
    const { severity, text } = verdictOf(RUNNING, [pool('web', backend('a')), pool('api', down)]);
    expect(severity).toBe('bad');
    expect(text).toMatch(/^Pool api has no backend that may take traffic; 1 of 2 backends down/);
  });

  test('a drain is worth a look, and no alarm', () => {
    const drained = backend('web-2', { state: 'draining' });
    expect(verdictOf(RUNNING, [pool('web', backend('web-1'), drained)])).toEqual({
      severity: 'warn',
      text: '1 backend draining',
    });
  });

  test.each<[string, Partial<StatusReply>]>([
    ['The last reload was refused', { config: { ...STATUS.config, lastReloadFailed: true } }],
    [
      'The last reload was taken back: more errors',
      {
        config: { ...STATUS.config, lastReloadFailed: true, revertedBecause: 'more errors' },
      },
    ],
    ['The store is away: timeout', { store: { type: 'redis', up: false, reason: 'timeout' } }],
    ['No worker accepts connections', { workers: [] }],
    ['The instance is draining and will exit', { state: 'draining' }],
  ])('%s', (text, change) => {
    expect(verdictOf({ ...RUNNING, ...change }, [pool('web', backend('a'))]).text).toBe(text);
  });
});

describe('dashboard: rows', () => {
  const all = { text: '', onlyProblems: false };
  const web = pool(
    'web',
    backend('web-10', { requestsPerSecond: 5, p99Ms: null }),
    backend('web-9', { requestsPerSecond: 9, p99Ms: 3, state: 'down', reason: 'refused' }),
    backend('web-2', { requestsPerSecond: 1, p99Ms: 7 }),
  );
  const names = (rows: readonly BackendReply[]): string[] => rows.map(({ name }) => name);

  test('stand in the order of the configuration', () => {
    expect(names(rowsOf(web, all, undefined))).toEqual(['web-10', 'web-9', 'web-2']);
  });

  test('are sorted by name as people count', () => {
    const sort = { key: 'name', isDescending: false } as const;
    expect(names(rowsOf(web, all, sort))).toEqual(['web-2', 'web-9', 'web-10']);
  });

  test('without a number are last, whichever way', () => {
    for (const isDescending of [true, false])
      expect(names(rowsOf(web, all, { key: 'p99Ms', isDescending })).at(-1)).toBe('web-10');
  });

  test('are found by a part of what they say', () => {
    expect(names(rowsOf(web, { ...all, text: 'REFUSED' }, undefined))).toEqual(['web-9']);
  });

  test('with problems only', () => {
    expect(names(rowsOf(web, { ...all, onlyProblems: true }, undefined))).toEqual(['web-9']);
  });

  test('show the numbers of the newest sample, and it is noticed when a state is another', () => {
    const { name, policy: _, backends, ...numbers } = web;
    const samples = backends.map((each) => ({ ...each, requestsPerSecond: 77 }));
    const sample = { ...sampleAt(0, 0), pools: [{ name, ...numbers, backends: samples }] };
    const [joined] = joinPools([web], sample);
    expect(joined?.backends.map(({ requestsPerSecond }) => requestsPerSecond)).toEqual([
      77, 77, 77,
    ]);
    expect(areOutdated([web], sample)).toBe(false);
    const down = samples.map((each) => ({ ...each, state: 'down' as const }));
    expect(areOutdated([web], { ...sample, pools: [{ name, ...numbers, backends: down }] })).toBe(
      true,
    );
  });
});
