/** Backends that are probed because real traffic speaks against them. */
import { expect, test } from '@jest/globals';
import { HealthMonitor } from '@lb/primary/internal/health/health-monitor';
import type { ProbeResult } from '@lb/primary/internal/health/probes/probe';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import { seededRandom } from '@lb/shared/time/clock';
import { pino } from 'pino';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { Timeline } from '../support/timeline.ts';

const OK: ProbeResult = { ok: true, ms: 1, detail: 'status 200' };
const REFUSED: ProbeResult = { ok: false, ms: 1, detail: 'connection refused' };

/** A backend that is up, probed once a minute; it goes down after three failures. */
async function arrange(type: 'http' | 'none' = 'http') {
  const time = new Timeline();
  const world = { answer: OK, probes: 0 };
  const changes: string[] = [];
  const monitor = new HealthMonitor({
    clock: time,
    random: seededRandom(1),
    log: pino({ level: 'silent' }),
    onChange: ({ to, reason }) => changes.push(`${to}: ${reason}`),
    onProbe: () => world.probes++,
    schedule: time.schedule,
    probe: () => Promise.resolve(world.answer),
  });
  const healthCheck = { type, interval: '1m', fall: 3 };
  const parsed = poolSchema.parse({ backends: ['http://a:1'], healthCheck });
  const backends = parsed.backends.map((backend) => ({
    ...backend,
    name: 'a',
    slot: 0,
    state: 'unknown' as const,
  }));
  monitor.update([{ ...parsed, name: 'web', tls: DEFAULT_TLS, backends }]);
  await time.advance(1_000);
  changes.length = 0;
  return { time, world, changes, monitor };
}

test('a doubted backend is probed soon, and stays up when that passes', async () => {
  const { monitor, time, world, changes } = await arrange();
  monitor.doubt(0);
  await time.advance(200);
  expect([world.probes, changes, monitor.stateOf(0)]).toEqual([2, [], 'up']);
});

test('a doubted backend is down when the probe fails, without two more', async () => {
  const { monitor, time, world, changes } = await arrange();
  world.answer = REFUSED;
  monitor.doubt(0);
  await time.advance(200);
  expect(changes).toEqual(['down: traffic failed, and the probe after it: connection refused']);
});

test('a probe that passes ends the doubt', async () => {
  const { monitor, time, world } = await arrange();
  monitor.doubt(0);
  await time.advance(200);
  world.answer = REFUSED;
  await time.advance(80_000);
  expect(world.probes).toBeGreaterThan(2);
  expect(monitor.stateOf(0)).toBe('up');
});

test('a backend without probes is not asked', async () => {
  const { monitor, time, world, changes } = await arrange('none');
  monitor.doubt(0);
  await time.advance(80_000);
  expect([world.probes, changes]).toEqual([0, []]);
});
