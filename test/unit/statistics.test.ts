/** What is sampled each second, and what is kept of it. */
import { describe, expect, test } from '@jest/globals';
import { Statistics } from '@lb/primary/internal/traffic/statistics';
import { Traffic } from '@lb/primary/internal/traffic/traffic';
import type { StatsSample } from '@lb/shared/admin-api/statistics';
import { BACKEND, POOL } from '../support/admin-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';

function arrange() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const traffic = new Traffic(clock);
  const world = { connections: 0, asked: 0, answered: 0, made: 0 };
  const statistics = new Statistics({
    clock,
    traffic,
    gauges: () => ({ connections: world.connections, inFlight: 0 }),
    cacheCounts: () => ({ asked: world.asked, answered: world.answered }),
    routes: () => ['all'],
    pools: () => {
      world.made++;
      return [{ ...POOL, backends: [BACKEND] }];
    },
  });
  const seconds = (count: number): void => {
    for (let second = 0; second < count; second++) {
      clock.pass(1_000);
      statistics.step();
    }
  };
  return { statistics, world, seconds };
}

describe('samples', () => {
  test('are made once for all who watch, and for nobody else', () => {
    const { statistics, world, seconds } = arrange();
    seconds(3);
    expect(world.made).toBe(0);
    const seen: StatsSample[][] = [[], []];
    const stops = seen.map((list) =>
      statistics.watch((sample) => list.push(JSON.parse(sample) as StatsSample)),
    );
    world.made = 0;
    seconds(2);
    expect(world.made).toBe(2);
    for (const stop of stops) stop();
    seconds(2);
    expect(world.made).toBe(2);
    expect(seen[0]?.map(({ at }) => at)).toEqual([
      '2026-01-01T00:00:03.000Z',
      '2026-01-01T00:00:04.000Z',
      '2026-01-01T00:00:05.000Z',
    ]);
    expect(seen[0]?.[0]?.pools[0]?.backends[0]).not.toHaveProperty('lastProbe');
  });
});

describe('the history of the instance', () => {
  test('has connections and the hit rate of caches of each second, null where nobody asked one', () => {
    const { statistics, world, seconds } = arrange();
    seconds(1);
    world.connections = 3;
    world.asked = 4;
    world.answered = 1;
    seconds(1);
    world.connections = 0;
    seconds(1);
    expect(statistics.history({}, 900)).toMatchObject({
      stepSeconds: 1,
      end: '2026-01-01T00:00:03.000Z',
      connections: [0, 3, 0],
      cacheHitRate: [null, 0.25, null],
    });
  });

  test('is by the minute beyond 15 of them, and ends with the last whole one', () => {
    const { statistics, seconds } = arrange();
    expect(statistics.history({}, 901)?.end).toBeNull();
    seconds(150);
    const history = statistics.history({}, 901);
    expect(history).toMatchObject({ stepSeconds: 60, end: '2026-01-01T00:02:00.000Z' });
    expect(history?.connections).toHaveLength(2);
    expect(history?.requestsPerSecond).toHaveLength(2);
  });
});
