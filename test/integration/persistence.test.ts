/** What an instance writes, and when, from the count of its traffic to the database. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Persistence } from '@lb/primary/internal/persist/persistence';
import { Sampler } from '@lb/primary/internal/persist/sampler';
import { Traffic } from '@lb/primary/internal/traffic/traffic';
import type { TrafficDelta } from '@lb/shared/ipc/messages';
import { cellOf, ERROR_CELL } from '@lb/shared/metrics/traffic-cells';
import { seededRandom } from '@lb/shared/time/clock';
import { BACKEND, POOL } from '../support/admin-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type InfluxLine, parseLines } from '../support/line-protocol.ts';
import { settingsFor } from '../support/samples.ts';

const NOON = Date.UTC(2026, 10, 26, 12);

/** Takes lines, as InfluxDB does. */
async function lineTaker() {
  const lines: InfluxLine[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      lines.push(...parseLines(body));
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    lines,
    url: `http://127.0.0.1:${port}/?db=lb`,
    async [Symbol.asyncDispose]() {
      http.close();
      await once(http, 'close');
    },
  };
}

async function arrange() {
  const taker = await lineTaker();
  const clock = new FakeClock(NOON + 250);
  const traffic = new Traffic(clock);
  const world = { backends: ['a:1', 'b:1'], bytes: 1_000, asked: 100, answered: 50 };
  const pools = () => [
    { ...POOL, name: 'web', backends: world.backends.map((name) => ({ ...BACKEND, name })) },
  ];
  const follow = (): void => traffic.follow({ routes: ['all'], pools: pools() });
  follow();
  const sampler = new Sampler({
    traffic,
    metrics: { value: (metric) => (metric.includes('request_bytes') ? 7 : world.bytes) },
    gauges: () => ({ connections: 4, inFlight: 2 }),
    cacheCounts: () => ({ asked: world.asked, answered: world.answered }),
    routes: () => ['all'],
    pools,
  });
  const outcomes: string[] = [];
  const persistence = new Persistence({
    clock,
    random: seededRandom(1),
    sampler,
    hooks: {
      onChange: ({ reason }) => outcomes.push(reason ?? 'up'),
      onRefusal: (reason) => outcomes.push(reason),
      onSamples: () => undefined,
      onQueue: () => undefined,
    },
    hostname: 'host-1',
    mark: '/etc/lb.yaml',
  });
  const settings = (keys: object = {}) =>
    settingsFor({ type: 'influxdb', url: taker.url, interval: '10s', ...keys });
  /** Three requests of 5 ms a second, one of them an error. */
  const seconds = (count: number): void => {
    for (let second = 0; second < count; second++) {
      traffic.apply(1, traffic3(second === 0 && clock.wallMs() === NOON + 250));
      clock.pass(1_000);
      traffic.step();
      persistence.step();
    }
  };
  return {
    taker,
    clock,
    world,
    follow,
    persistence,
    settings,
    seconds,
    outcomes,
    async [Symbol.asyncDispose]() {
      await persistence.close();
      await taker[Symbol.asyncDispose]();
    },
  };
}

/** @param isFirst the series are named with the first delta */
function traffic3(isFirst: boolean): TrafficDelta {
  const series = isFirst ? [{ route: 'all' }, { pool: 'web', backend: 'a:1' }] : [];
  const size = ERROR_CELL + 2;
  const keys = [0, 1].flatMap((number) => [number * size + cellOf(5), number * size + ERROR_CELL]);
  return {
    type: 'traffic',
    firstSeries: 0,
    series,
    keys: Uint32Array.from(keys),
    counts: Uint32Array.from([3, 1, 3, 1]),
  };
}

const of = (lines: readonly InfluxLine[], kind: string): InfluxLine[] =>
  lines.filter(({ tags }) => tags['kind'] === kind);

describe('an instance', () => {
  test('writes a sample of everything when an interval of the wall clock is over', async () => {
    await using made = await arrange();
    const { persistence, settings, seconds, taker, world } = made;
    persistence.follow(settings());
    seconds(9);
    world.bytes = 5_000;
    world.asked = 110;
    world.answered = 51;
    expect(persistence.state).toEqual({ type: 'influxdb', up: null, reason: null, queued: 0 });
    seconds(1);
    await eventually(() => expect(taker.lines).toHaveLength(5));
    const [total] = of(taker.lines, 'total');
    expect(total?.time).toBe(NOON + 10_000);
    expect(total?.fields).toMatchObject({
      seconds: 10,
      requests: 30,
      errors: 10,
      bytes_in: 0,
      bytes_out: 4_000,
      connections: 4,
      in_flight: 2,
      cache_hit_rate: 0.1,
    });
    expect(total?.fields['p99_ms']).toBeCloseTo(5, 0);
    expect(of(taker.lines, 'route')[0]?.fields).toMatchObject({ requests: 30, bytes_out: 4_000 });
    expect(of(taker.lines, 'pool')[0]?.fields).toMatchObject({ requests: 30 });
    const backends = of(taker.lines, 'backend');
    expect(backends.map(({ tags, fields }) => [tags['backend'], fields['requests']])).toEqual([
      ['a:1', 30],
      ['b:1', 0],
    ]);
    expect(backends[1]?.fields).toMatchObject({ state: 'up', weight: 1, in_flight: 0 });
    expect(backends[1]?.fields).not.toHaveProperty('p50_ms');
    expect(new Set(taker.lines.map(({ tags }) => tags['instance'])).size).toBe(1);
    expect(taker.lines[0]?.tags['instance']).toMatch(/^host-1:[\da-f]{8}$/);
  });

  test('counts everything once: nothing from before, nothing twice, and the rest at the end', async () => {
    await using made = await arrange();
    const { persistence, settings, seconds, taker, clock } = made;
    seconds(5);
    persistence.follow(settings());
    seconds(16);
    clock.pass(400);
    await persistence.close();
    const totals = of(taker.lines, 'total');
    expect(totals.map(({ fields, time }) => [time - NOON, fields['requests']])).toEqual([
      [10_000, 15],
      [20_000, 30],
      [21_650, 3],
    ]);
    expect(totals.map(({ fields }) => fields['seconds'])).toEqual([5, 10, 1.4]);
  });

  test('leaves out what a reload removed, and takes in what it added', async () => {
    await using made = await arrange();
    const { persistence, settings, seconds, taker, world, follow } = made;
    persistence.follow(settings());
    seconds(5);
    world.backends = ['b:1', 'c:1'];
    follow();
    seconds(5);
    await eventually(() => expect(taker.lines).toHaveLength(5));
    expect(of(taker.lines, 'backend').map(({ tags }) => tags['backend'])).toEqual(['b:1', 'c:1']);
    expect(of(taker.lines, 'total')[0]?.fields['requests']).toBe(30);
  });

  test('goes on where a reload says, and is not disturbed by one that says the same', async () => {
    await using made = await arrange();
    const { persistence, settings, seconds, taker, outcomes } = made;
    persistence.follow(settings());
    seconds(3);
    persistence.follow(settings());
    persistence.follow(settings({ instance: 'other', interval: '2s' }));
    seconds(3);
    await eventually(() => expect(of(taker.lines, 'total')).toHaveLength(3));
    const totals = of(taker.lines, 'total').sort((left, right) => left.time - right.time);
    expect(
      totals.map(({ fields, tags }) => [tags['instance'] === 'other', fields['requests']]),
    ).toEqual([
      [false, 9],
      [true, 3],
      [true, 6],
    ]);
    expect(outcomes).toEqual(['up']);
    persistence.follow(undefined);
    expect(persistence.state).toBeNull();
    expect(persistence.intervalMs).toBeUndefined();
  });
});
