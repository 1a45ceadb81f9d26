import { describe, expect, test } from '@jest/globals';
import type { Override } from '@lb/primary/internal/overrides/override';
import type { OverrideStore } from '@lb/primary/internal/overrides/override-store';
import { OverrideTable } from '@lb/primary/internal/overrides/override-table';
import { pino } from 'pino';
import { eventually } from '../support/eventually.ts';
import { Timeline } from '../support/timeline.ts';

const START_MS = Date.UTC(2026, 0, 1);
const DRAIN: Override = {
  state: 'drain',
  weight: null,
  sinceMs: START_MS,
  deadlineMs: null,
  by: 'root',
};
const SHARED_DRAIN =
  '{"state":"drain","weight":null,"since":"2026-01-01T00:00:00.000Z","deadline":null,"by":"there"}';

/** Keeps everything, and refuses to while `fault` is set. */
class FakeStore implements OverrideStore {
  fields = new Map<string, string>();
  fault: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  load = (): Promise<Map<string, string>> => this.#do(() => new Map(this.fields));

  set = (field: string, value: string | null): Promise<void> =>
    this.#do(() => {
      if (value === null) this.fields.delete(field);
      else this.fields.set(field, value);
    });

  clear = (): Promise<number> =>
    this.#do(() => {
      const { size } = this.fields;
      this.fields.clear();
      return size;
    });

  async #do<T>(action: () => T): Promise<T> {
    await this.gate;
    if (this.fault !== undefined) throw this.fault;
    return action();
  }
}

function arrange(store: FakeStore | null = new FakeStore()) {
  const time = new Timeline();
  const changes: string[] = [];
  const options = {
    store: () => store,
    wallMs: () => time.wallMs(),
    schedule: time.schedule,
    log: pino({ level: 'silent' }),
  };
  const table = new OverrideTable({
    ...options,
    onChange: (made) => {
      for (const { pool, backend, before, after, by } of made)
        changes.push(`${pool} ${backend} ${textOf(before)} > ${textOf(after)} by ${by}`);
    },
  });
  /** What a restarted instance knows. */
  const reloaded = async (): Promise<OverrideTable> => {
    const next = new OverrideTable({ ...options, onChange: () => undefined });
    await next.load();
    return next;
  };
  return { table, store: store ?? new FakeStore(), time, changes, reloaded };
}

function textOf(override: Override | undefined): string {
  return override === undefined ? 'none' : `${override.state ?? '-'}*${override.weight ?? '-'}`;
}

describe('the override table', () => {
  test('puts a change in force before it is stored', async () => {
    const { table, changes, store } = arrange();
    const stored = table.set('web', 'a:1', DRAIN, 'root');
    expect(table.of('web', 'a:1')).toEqual(DRAIN);
    expect(changes).toEqual(['web a:1 none > drain*- by root']);
    expect(store.fields.size).toBe(0);
    expect(await stored).toBeUndefined();
    expect([...store.fields.keys()]).toEqual(['web/a:1']);
  });

  test('is the same after a restart, deadlines and slashes in names included', async () => {
    const { table, reloaded } = arrange();
    const drain = { ...DRAIN, deadlineMs: START_MS + 1_000 };
    const weight = { ...DRAIN, state: null, weight: 0 };
    await table.set('web', 'a:1', drain, 'root');
    await table.set('web', 'unix:/run/b.sock', weight, 'root');
    expect((await reloaded()).entries).toEqual([
      { pool: 'web', backend: 'a:1', override: drain },
      { pool: 'web', backend: 'unix:/run/b.sock', override: weight },
    ]);
  });

  test('forgets what is taken back, here and in the store', async () => {
    const { table, reloaded, changes } = arrange();
    await table.set('web', 'a:1', DRAIN, 'root');
    await table.set('web', 'a:1', undefined, 'ann');
    expect(changes.at(-1)).toBe('web a:1 drain*- > none by ann');
    expect((await reloaded()).entries).toEqual([]);
  });

  test('writes in the order of the changes', async () => {
    const { table, reloaded } = arrange();
    await Promise.all([
      table.set('web', 'a:1', DRAIN, 'root'),
      table.set('web', 'a:1', undefined, 'root'),
      table.set('web', 'a:1', { ...DRAIN, weight: 3 }, 'root'),
    ]);
    expect((await reloaded()).of('web', 'a:1')?.weight).toBe(3);
  });

  test('turns a drain into a disable when its deadline passes', async () => {
    const { table, time, changes } = arrange();
    await table.set('web', 'a:1', { ...DRAIN, deadlineMs: START_MS + 1_000 }, 'root');
    await time.advance(999);
    expect(table.of('web', 'a:1')?.state).toBe('drain');
    await time.advance(1);
    expect(table.of('web', 'a:1')?.state).toBe('disabled');
    expect(changes.at(-1)).toBe('web a:1 drain*- > disabled*- by the deadline of its drain');
    expect(time.pending).toBe(0);
  });

  test('minds each deadline, the nearest first', async () => {
    const { table, time } = arrange();
    await table.set('web', 'a:1', { ...DRAIN, deadlineMs: START_MS + 2_000 }, 'root');
    await table.set('web', 'b:1', { ...DRAIN, deadlineMs: START_MS + 1_000 }, 'root');
    await time.advance(1_500);
    expect(table.entries.map(({ override }) => override.state)).toEqual(['drain', 'disabled']);
    await time.advance(1_000);
    expect(table.entries.map(({ override }) => override.state)).toEqual(['disabled', 'disabled']);
  });

  test('keeps a deadline that passed while nothing ran', async () => {
    const { table, time, reloaded } = arrange();
    await table.set('web', 'a:1', { ...DRAIN, deadlineMs: START_MS + 1_000 }, 'root');
    await table.close();
    await time.advance(5_000);
    expect((await reloaded()).of('web', 'a:1')?.state).toBe('disabled');
  });

  test('waits for a deadline beyond the longest timer', async () => {
    const { table, time } = arrange();
    const days = 86_400_000;
    await table.set('web', 'a:1', { ...DRAIN, deadlineMs: START_MS + 60 * days }, 'root');
    await time.advance(59 * days);
    expect(table.of('web', 'a:1')?.state).toBe('drain');
    await time.advance(1 * days);
    expect(table.of('web', 'a:1')?.state).toBe('disabled');
  });

  test('clears everything and counts it', async () => {
    const { table, reloaded, changes } = arrange();
    await table.set('web', 'a:1', DRAIN, 'root');
    await table.set('api', 'b:1', DRAIN, 'root');
    expect(await table.clear('ann')).toEqual({ cleared: 2 });
    expect(changes.slice(2).sort()).toEqual([
      'api b:1 drain*- > none by ann',
      'web a:1 drain*- > none by ann',
    ]);
    expect((await reloaded()).entries).toEqual([]);
  });
});

describe('the override table and its store', () => {
  test('without one it says that nothing outlives the instance', async () => {
    const { table } = arrange(null);
    expect(await table.set('web', 'a:1', DRAIN, 'root')).toMatch(/^kept until this instance stops/);
    expect(await table.clear('root')).toMatchObject({ cleared: 1, warning: table.warning });
  });

  test('what cannot be stored holds all the same, and whoever asked is told', async () => {
    const { table, store } = arrange();
    store.fault = new Error('disk full');
    const warning = await table.set('web', 'a:1', DRAIN, 'root');
    expect(warning).toBe('not stored yet: disk full');
    expect(table.of('web', 'a:1')).toEqual(DRAIN);
  });

  test('a store that cannot be read stops nothing', async () => {
    const { table, store } = arrange();
    store.fault = new Error('not JSON');
    await table.load();
    expect(table.entries).toEqual([]);
  });

  test.each([
    'no JSON',
    'null',
    '{}',
    SHARED_DRAIN.replace('drain', 'up'),
    SHARED_DRAIN.replace('"drain"', 'null'),
    SHARED_DRAIN.replace('"weight":null', '"weight":1001'),
    SHARED_DRAIN.replace('2026-01-01T00:00:00.000Z', 'yesterday'),
    SHARED_DRAIN.replace('"deadline":null', '"deadline":7'),
    SHARED_DRAIN.replace('"by":"there"', '"by":null'),
  ])('a stored value that is none is left out: %s', async (value) => {
    const { table, store } = arrange();
    store.fields.set('web/a:1', value).set('web/b:1', SHARED_DRAIN);
    await table.load();
    expect(table.entries.map(({ backend }) => backend)).toEqual(['b:1']);
  });

  test('takes over only what is different of what others changed', async () => {
    const { table, store, changes } = arrange();
    await table.set('web', 'a:1', DRAIN, 'root');
    await table.set('web', 'b:1', DRAIN, 'root');
    changes.length = 0;
    const shared = new Map(store.fields);
    shared.delete('web/b:1');
    table.replace(shared.set('web/c:1', SHARED_DRAIN));
    expect(changes).toEqual([
      'web b:1 drain*- > none by another instance',
      'web c:1 none > drain*- by there',
    ]);
    table.replace(shared);
    expect(changes).toHaveLength(2);
  });

  test('what is changed here is not undone by what others knew before', async () => {
    const { table, store } = arrange();
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const stored = table.set('web', 'a:1', DRAIN, 'root');
    table.replace(new Map());
    expect(table.of('web', 'a:1')).toEqual(DRAIN);
    gate.resolve();
    await stored;
    table.replace(new Map());
    expect(table.of('web', 'a:1')).toBeUndefined();
  });

  test('what could not be stored is not undone either', async () => {
    const { table, store } = arrange();
    store.fault = new Error('away');
    await table.set('web', 'a:1', DRAIN, 'root');
    table.replace(new Map());
    expect(table.of('web', 'a:1')).toEqual(DRAIN);
  });

  test('stores what it could not as soon as it hears of the store again', async () => {
    const { table, store } = arrange();
    store.fault = new Error('away');
    await table.set('web', 'a:1', DRAIN, 'root');
    store.fault = undefined;
    table.replace(new Map());
    await eventually(() => expect([...store.fields.keys()]).toEqual(['web/a:1']));
    table.replace(new Map());
    expect(table.of('web', 'a:1')).toBeUndefined();
  });

  test('gives way to what another instance changed after it', async () => {
    const { table, store } = arrange();
    store.fault = new Error('away');
    await table.set('web', 'a:1', { ...DRAIN, state: null, weight: 3 }, 'root');
    store.fault = undefined;
    const later = SHARED_DRAIN.replace('00:00:00.000Z', '00:00:01.000Z');
    table.replace(new Map([['web/a:1', later]]));
    expect(table.of('web', 'a:1')?.state).toBe('drain');
    expect(store.fields.size).toBe(0);
  });
});
