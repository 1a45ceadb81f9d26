import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { KILL_GRACE_MS, READY_TIMEOUT_MS } from '@lb/primary/internal/workers/supervisor';
import { PING_INTERVAL_MS, SILENCE_MS } from '@lb/primary/internal/workers/watchdog';
import { scriptedSupervisor } from '../support/scripted-supervisor.ts';

const isRunning = ({ state }: { state: string }): boolean => state === 'running';

describe('the supervisor', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('forks the wanted number of workers, one a slot', () => {
    const { supervisor, forked } = scriptedSupervisor();
    supervisor.resize(3, 0);
    expect(forked.map(({ slot }) => slot)).toEqual([0, 1, 2]);
  });

  test('sends nothing to a worker that is not ready, then the snapshot, then each socket four times', () => {
    const { supervisor, worker, handle } = scriptedSupervisor();
    supervisor.resize(1, 0);
    supervisor.broadcast({ lb: 1, type: 'reopen-logs' });
    expect(worker(0).types).toEqual([]);
    worker(0).says({ lb: 1, type: 'ready' });
    expect(worker(0).types).toEqual(['snapshot', 'listen', 'listen', 'listen', 'listen']);
    expect(worker(0).handles).toEqual([handle, handle, handle, handle]);
  });

  test('calls a worker running once it listens everywhere', async () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    const running = supervisor.until(isRunning, 1_000);
    worker(0).says({ lb: 1, type: 'ready' });
    expect(supervisor.workers[0]?.state).toBe('starting');
    worker(0).says({ lb: 1, type: 'listening', listener: 'web' });
    await expect(running).resolves.toBe(true);
  });

  test('stops waiting for a condition when the time is up', async () => {
    const { supervisor } = scriptedSupervisor();
    supervisor.resize(1, 0);
    const running = supervisor.until(isRunning, 1_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await expect(running).resolves.toBe(false);
  });

  test('replaces a dead worker at once, in the same slot, with snapshot and sockets', () => {
    const { supervisor, forked, worker, gone } = scriptedSupervisor();
    supervisor.resize(2, 0);
    worker(1).serves();
    worker(1).dies();
    jest.advanceTimersByTime(0);
    expect(forked).toHaveLength(3);
    expect(worker(2).slot).toBe(1);
    worker(2).says({ lb: 1, type: 'ready' });
    expect(worker(2).types).toEqual(['snapshot', 'listen', 'listen', 'listen', 'listen']);
    expect(gone).toEqual([2]);
  });

  test('backs off from 100 ms to 5 s while workers die right after their start', () => {
    const { supervisor, forked, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    for (let death = 0; death < 9; death += 1) {
      worker(forked.length - 1).dies(null, 1);
      jest.advanceTimersByTime(deaths.at(-1)?.restartInMs ?? 0);
    }
    expect(deaths.map(({ restartInMs }) => restartInMs)).toEqual([
      0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000,
    ]);
    expect(deaths.map(({ isLoop }) => isLoop).indexOf(true)).toBe(2);
  });

  test('forgets early deaths once a worker has lived', () => {
    const { supervisor, forked, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    for (let death = 0; death < 4; death += 1) {
      worker(forked.length - 1).dies();
      jest.advanceTimersByTime(deaths.at(-1)?.restartInMs ?? 0);
    }
    jest.advanceTimersByTime(20_000);
    worker(forked.length - 1).dies();
    expect(deaths.at(-1)).toMatchObject({ restartInMs: 0, isLoop: false });
  });

  test('kills a worker that does not become ready', () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    jest.advanceTimersByTime(READY_TIMEOUT_MS);
    expect(worker(0).signals).toEqual(['SIGKILL']);
  });

  test('says of a death what the worker said itself', () => {
    const { supervisor, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    worker(0).says({ lb: 1, type: 'failed', reason: 'TypeError: a bug' });
    worker(0).dies(null, 1);
    expect(deaths).toMatchObject([{ code: 1, reason: 'TypeError: a bug' }]);
  });

  test('kills a worker that does not respond, and says so of its death', () => {
    const { supervisor, worker, deaths } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    jest.advanceTimersByTime(SILENCE_MS);
    expect(worker(0).signals).toEqual([]);
    jest.advanceTimersByTime(PING_INTERVAL_MS);
    worker(0).dies();
    expect(worker(0).signals).toEqual(['SIGKILL']);
    expect(deaths).toMatchObject([{ reason: 'did not respond for 10 s' }]);
  });

  test('lets a worker live that responds, however late', () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    for (let round = 0; round < 5; round += 1) {
      jest.advanceTimersByTime(SILENCE_MS - PING_INTERVAL_MS);
      worker(0).says({ lb: 1, type: 'pong' });
    }
    expect(worker(0).signals).toEqual([]);
  });

  test('drains every worker and replaces none of them', async () => {
    const { supervisor, forked, worker } = scriptedSupervisor();
    supervisor.resize(2, 0);
    worker(0).serves();
    worker(1).serves();
    const drained = supervisor.drain(1_000);
    expect(worker(0).sent.at(-1)).toEqual({ lb: 1, type: 'drain', timeoutMs: 1_000 });
    worker(0).dies(null, 0);
    worker(1).dies(null, 0);
    await drained;
    jest.advanceTimersByTime(10_000);
    expect(forked).toHaveLength(2);
  });

  test('kills workers that are still there shortly after the drain deadline', () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    void supervisor.drain(1_000);
    jest.advanceTimersByTime(1_000);
    expect(worker(0).signals).toEqual([]);
    jest.advanceTimersByTime(KILL_GRACE_MS);
    expect(worker(0).signals).toEqual(['SIGKILL']);
  });

  test('gives a worker that drains no more time for a reload in between', () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(2, 0);
    for (const index of [0, 1]) worker(index).serves();
    supervisor.resize(1, 1_000);
    jest.advanceTimersByTime(900);
    supervisor.resize(1, 1_000);
    jest.advanceTimersByTime(100 + KILL_GRACE_MS);
    expect(worker(1).signals).toEqual(['SIGKILL']);
  });

  test('does not wait for a worker that serves nothing yet when it drains', () => {
    const { supervisor, worker } = scriptedSupervisor();
    supervisor.resize(1, 0);
    void supervisor.drain(60_000);
    expect(worker(0).signals).toEqual(['SIGKILL']);
  });

  test('drains the highest slots when there shall be fewer workers', () => {
    const { supervisor, forked, worker } = scriptedSupervisor();
    supervisor.resize(3, 0);
    for (const each of forked) each.serves();
    supervisor.resize(1, 500);
    expect(worker(0).types).not.toContain('drain');
    expect(worker(1).types).toContain('drain');
    expect(worker(2).types).toContain('drain');
    worker(2).dies(null, 0);
    jest.advanceTimersByTime(10);
    expect(forked).toHaveLength(3);
  });

  test('hands on what is not its own business', () => {
    const { supervisor, worker, messages } = scriptedSupervisor();
    supervisor.resize(1, 0);
    worker(0).serves();
    worker(0).says({ lb: 1, type: 'backend-failed', slot: 4, reason: 'refused' });
    expect(messages).toEqual([{ lb: 1, type: 'backend-failed', slot: 4, reason: 'refused' }]);
  });
});
