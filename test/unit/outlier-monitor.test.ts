import { describe, expect, test } from '@jest/globals';
import { OutlierWorld } from '../support/outlier-world.ts';

describe('an ejection', () => {
  test('ends by time, lasts longer each time in a row, and never longer than maxEjectFor', async () => {
    const world = new OutlierWorld(2, '{ ejectFor: 10s, maxEjectFor: 25s }');
    for (const seconds of [10, 20, 25, 25]) {
      world.errors(0, 5);
      await world.time.advance(seconds * 1_000 - 1);
      expect(world.ejected).toEqual(['0']);
      await world.time.advance(1);
      expect(world.ejected).toEqual([]);
    }
    expect(world.changes.at(-1)).toMatchObject({ backend: '0', ejected: null });
  });

  test('is forgiven a step for each ejectFor that the backend stays in', async () => {
    const world = new OutlierWorld(2, '{ ejectFor: 10s }');
    for (const seconds of [10, 20, 30]) {
      world.errors(0, 5);
      await world.time.advance(seconds * 1_000);
    }
    await world.time.advance(20_000);
    world.errors(0, 5);
    expect(world.changes.at(-1)?.ejected?.count).toBe(2);
  });

  test('leaves nothing of what was seen before it, and takes no notice while it lasts', async () => {
    const world = new OutlierWorld(2, '{ ejectFor: 10s, errorRate: 0.5 }');
    world.errors(0, 5);
    world.errors(0, 100);
    await world.time.advance(10_000);
    world.errors(0, 4);
    expect(world.ejected).toEqual([]);
  });

  test('outlives a reload that keeps the backend, with its number', async () => {
    const world = new OutlierWorld(2, '{ ejectFor: 10s }');
    world.errors(0, 5);
    world.configure(3, '{ ejectFor: 20s }');
    expect(world.ejected).toEqual(['0']);
    await world.time.advance(10_000);
    world.errors(0, 5);
    expect(world.changes.at(-1)?.ejected).toMatchObject({ count: 2 });
  });

  test('ends with a reload that takes passive health off', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    world.configure(2, '{ consecutiveErrors: 0 }');
    expect(world.ejected).toEqual([]);
    expect(world.time.pending).toBe(0);
  });

  test('ends at once when no other backend is left', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    world.monitor.relieve('web');
    expect(world.ejected).toEqual(['0']);
    world.states.set('1', 'down');
    world.monitor.relieve('web');
    expect(world.ejected).toEqual([]);
    expect(world.changes.at(-1)?.detail).toBe('no other backend of the pool is left');
  });

  test('ends when the backend was down meanwhile and is up again', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    world.monitor.recovered(0);
    expect(world.ejected).toEqual([]);
    expect(world.time.pending).toBe(0);
  });

  test('ends when somebody enables the backend, with who it was', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    world.monitor.readmit(1, 'root');
    expect(world.ejected).toEqual(['0']);
    world.monitor.readmit(0, 'root');
    expect(world.ejected).toEqual([]);
    expect(world.changes.at(-1)).toMatchObject({ ejected: null, detail: 'enabled by root' });
  });

  test('leaves no timer behind when the monitor closes', () => {
    const world = new OutlierWorld(2);
    world.errors(0, 5);
    world.monitor.close();
    expect(world.time.pending).toBe(0);
  });
});

describe('the limits', () => {
  test('spare the last backend that may get traffic, and say so now and then', async () => {
    const world = new OutlierWorld(3, '{ maxEjectedPercent: 100 }');
    world.states.set('1', 'down');
    world.states.set('2', 'maintenance');
    world.errors(0, 5);
    world.errors(0, 5);
    await world.time.advance(60_000);
    world.errors(0, 5);
    expect(world.ejected).toEqual([]);
    expect(world.spared.map(({ reason, isNews }) => [reason, isNews])).toEqual([
      ['consecutive_errors', true],
      ['consecutive_errors', false],
      ['consecutive_errors', true],
    ]);
  });

  test.each([
    [100, ['0', '1', '2']],
    [50, ['0', '1']],
    [49, ['0']],
    [0, []],
  ])('let %d percent of four be ejected', (percent, ejected) => {
    const world = new OutlierWorld(4, `{ maxEjectedPercent: ${percent} }`);
    for (const slot of [0, 1, 2, 3]) world.errors(slot, 5);
    expect(world.ejected).toEqual(ejected);
  });

  test('count a backend that went down while it is ejected', () => {
    const world = new OutlierWorld(4);
    world.errors(0, 5);
    world.states.set('0', 'down');
    world.errors(1, 5);
    world.errors(2, 5);
    expect(world.ejected).toEqual(['0', '1']);
  });

  test.each(['draining', 'maintenance'] as const)('leave a backend in %s alone', (state) => {
    const world = new OutlierWorld(2);
    world.states.set('0', state);
    world.errors(0, 5);
    expect([world.ejected, world.spared]).toEqual([[], []]);
  });
});
