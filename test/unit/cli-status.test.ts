/** `lbctl status` as people read it. */
import { describe, expect, test } from '@jest/globals';
import { bannerLines } from '@lb/primary/internal/cli/banner';
import { statusLines } from '@lb/primary/internal/cli/commands/status';
import type { InstanceReply, StatusReply } from '@lb/shared/admin-api/contract';
import { NO_TRAFFIC } from '../support/admin-fixture.ts';

const SELF: InstanceReply = {
  id: 'lb-1/7',
  host: 'lb-1',
  pid: 7,
  version: '1.2.3',
  startedAt: '2026-01-01T00:00:00.000Z',
  configHash: 'abcd',
  workers: 2,
  isSelf: true,
};
const OTHER: InstanceReply = { ...SELF, id: 'lb-2/31', host: 'lb-2', pid: 31, isSelf: false };

const STATUS: StatusReply = {
  version: '1.2.3',
  node: '24.9.0',
  pid: 7,
  startedAt: '2026-01-01T00:00:00.000Z',
  state: 'running',
  config: {
    path: '/etc/lb.yaml',
    hash: 'abcd',
    loadedAt: '2026',
    lastReloadFailed: false,
    revertedBecause: null,
    guardedUntil: null,
  },
  store: { type: 'memory', up: true, reason: null },
  persist: null,
  instances: [SELF],
  workers: [],
  listeners: [],
  totals: { requests: 0, errors: 0, connections: 0, inFlight: 0, ...NO_TRAFFIC },
};
const REDIS = { type: 'redis', up: true, reason: null } as const;
const DOWN = { type: 'redis', up: false, reason: 'no answer within 50 ms' } as const;

const linesOf = (status: Partial<StatusReply>): string[] =>
  statusLines({ ...STATUS, ...status }, [], 0);

describe('the store', () => {
  test.each([
    [STATUS.store, 'store    memory'],
    [REDIS, 'store    redis  up'],
    [DOWN, 'store    redis  DOWN: no answer within 50 ms'],
  ])('of %j has a line', (store, line) => {
    expect(linesOf({ store })).toContain(line);
  });

  test.each([
    [null, 'postgres  nothing written yet'],
    [true, 'postgres  up'],
    [false, 'postgres  DOWN: no answer in time, 12 samples wait'],
  ])('has a line for the database of statistics behind it: %j', (up, text) => {
    const persist = { type: 'postgres', up, reason: 'no answer in time', queued: 12 } as const;
    expect(linesOf({ persist })).toContain(`persist  ${text}`);
    expect(linesOf({}).join('\n')).not.toContain('persist');
  });

  test('is in the banner when it is Redis', () => {
    const ofBanner = (store: StatusReply['store']): string[] =>
      bannerLines({ ...STATUS, store }, [], '127.0.0.1:9090');

    expect(ofBanner(STATUS.store).join('\n')).not.toContain('store');
    expect(ofBanner(DOWN)).toContain('  store     redis  DOWN: no answer within 50 ms');
  });
});

describe('the instances', () => {
  const tableOf = (status: Partial<StatusReply>): string[] => {
    const lines = linesOf(status);
    const title = lines.findIndex((line) => line.startsWith('INSTANCE'));
    return title === -1 ? [] : lines.slice(title);
  };

  test('that share a store are listed, this one marked', () => {
    expect(tableOf({ store: REDIS, instances: [SELF, OTHER] })).toEqual([
      'INSTANCE         PID  VERSION  WORKERS  CONFIG  STARTED',
      'lb-1 (this one)    7  1.2.3          2  abcd    2026-01-01T00:00:00.000Z',
      'lb-2              31  1.2.3          2  abcd    2026-01-01T00:00:00.000Z',
    ]);
  });

  test('are not shown where there can only be one', () => {
    expect(tableOf({})).toEqual([]);
    expect(tableOf({ store: REDIS })).toHaveLength(2);
  });

  test('are plain ASCII', () => {
    const text = linesOf({ store: DOWN, instances: [SELF, OTHER] }).join('\n');
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  });
});
