import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { scriptedSupervisor } from '../support/scripted-supervisor.ts';

describe('the supervisor that replaces a worker', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const times = { startMs: 1_000, drainMs: 500 };

  test('drains it when its successor accepts, and not before', async () => {
    const { supervisor, forked, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    const replaced = supervisor.replace(1, times);
    worker(1).says({ lb: 1, type: 'ready' });
    expect([worker(1).slot, worker(0).types.includes('drain')]).toEqual([0, false]);

    worker(1).serves();
    await jest.advanceTimersByTimeAsync(0);
    expect(worker(0).sent.at(-1)).toEqual({ lb: 1, type: 'drain', timeoutMs: 500 });
    worker(0).dies(null, 0);

    expect(await replaced).toBeUndefined();
    expect([forked.length, supervisor.workers.map(({ id }) => id)]).toEqual([2, [2]]);
  });

  test('leaves it alone when its successor dies', async () => {
    const { supervisor, forked, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    const replaced = supervisor.replace(1, times);
    worker(1).dies(null, 1);

    expect(await replaced).toContain('died');
    await jest.advanceTimersByTimeAsync(10_000);
    expect([forked.length, deaths.length, worker(0).types.includes('drain')]).toEqual([
      2,
      0,
      false,
    ]);
  });

  test('leaves it alone, and kills its successor, when that does not come up in time', async () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    const replaced = supervisor.replace(1, times);
    await jest.advanceTimersByTimeAsync(times.startMs);

    expect(await replaced).toContain('does not accept connections after 1 s');
    expect([worker(1).signals, worker(0).types.includes('drain')]).toEqual([['SIGKILL'], false]);
  });

  test('forks no third when it dies while its successor starts', async () => {
    const { supervisor, forked, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    const replaced = supervisor.replace(1, times);
    worker(0).dies();
    worker(1).serves();

    expect(await replaced).toBeUndefined();
    await jest.advanceTimersByTimeAsync(10_000);
    expect([forked.length, deaths.length, worker(1).signals]).toEqual([2, 1, []]);
  });

  test('gives up when there shall be fewer workers', async () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(2, 0);
    for (const index of [0, 1]) worker(index).serves();
    const replaced = supervisor.replace(2, times);
    supervisor.resize(1, 0);

    expect(await replaced).toBeUndefined();
    expect(worker(2).signals).toEqual(['SIGKILL']);
  });
});
