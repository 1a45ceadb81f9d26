/**
 * Three times as many requests as the backends can answer: what is answered in time must stay what they can do, the requests
 * that matter most must hardly notice, and nothing may pile up in memory.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { familyResidentBytes } from '../../bench/proc.ts';
import { nowMs } from '../clock.ts';
import { type Judged, judge, unforgivable } from '../judge.ts';
import type { Sent } from '../logs.ts';
import type { Settings } from '../rigs/rig.ts';
import { QUEUE_TIMEOUT_MS } from '../rigs/settings.ts';
import { Scene } from '../scene.ts';
import { dueWithin, latencyAt } from '../statistics.ts';
import { type Case, type CaseRun, type Findings, usualFigures } from './case.ts';

/** 100 requests a second for each backend. */
const LANES = 2;
const WORK_MS = 20;
const CAPACITY = 300;
const NORMAL_RATE = CAPACITY / 2;
const OVERLOAD_RATE = CAPACITY * 3;
const NORMAL_SECONDS = 5;
/** Nobody waits longer; an answer that comes later is worth nothing. */
const PATIENCE_MS = 2_000;
/** A fifth is critical: 60 % of what the backends can answer. */
const PATHS = ['/critical', '/normal', '/normal', '/sheddable', '/sheddable'];

const LEAST_GOODPUT = 0.85;
const MOST_P99_FACTOR = 5;
const MOST_GROWTH_MB = 64;

const SETTINGS: Settings = {
  maxConnections: LANES,
  lbctl: { queue: { timeout: `${QUEUE_TIMEOUT_MS}ms` } },
  sections: {
    routes: [
      { match: { paths: ['/critical'] }, pool: 'web', priority: 'critical' },
      { match: { paths: ['/sheddable'] }, pool: 'web', priority: 'sheddable' },
      { pool: 'web' },
    ],
  },
};

export const saturation: Case = {
  name: 'saturation',
  about: 'three times the requests that the backends can answer',
  group: 'Saturation',
  run,
};

async function run({ rig, requests, rate }: CaseRun): Promise<Findings> {
  const orders = { lanes: LANES, delayMs: WORK_MS };
  await using scene = await Scene.open({ rig, settings: SETTINGS, orders });
  const calm = await scene.load({
    rate: NORMAL_RATE,
    requests: NORMAL_RATE * NORMAL_SECONDS,
    paths: PATHS,
  });
  const normal = await calm.sent;
  const seconds = Math.max(NORMAL_SECONDS, (0.4 * requests) / rate);
  const load = await scene.load({
    rate: OVERLOAD_RATE,
    requests: Math.ceil(OVERLOAD_RATE * seconds),
    paths: PATHS,
    patienceMs: PATIENCE_MS,
  });
  const warmMs = load.beginMs + (load.endMs - load.beginMs) / 3;
  await pause(warmMs - nowMs());
  const megabytes = (): number => familyResidentBytes(scene.balancer.pid) / 1e6;
  const before = megabytes();
  await pause(load.endMs - nowMs());
  const growth = megabytes() - before;
  const overload: readonly Sent[] = await load.sent;
  const logs = await scene.logs([...normal, ...overload]);

  const verdict = judge(logs);
  const steady = { fromMs: warmMs, untilMs: load.endMs };
  const during = dueWithin(verdict.requests, steady);
  const calmly = dueWithin(verdict.requests, { fromMs: 0, untilMs: load.beginMs });
  const done = logs.served.filter(
    ({ step, atMs }) => step === 'finished' && atMs >= warmMs && atMs < load.endMs,
  ).length;
  const right = during.filter((request) => request.class === 'right').length;
  const p99 = (of: readonly Judged[]): number =>
    latencyAt(
      0.99,
      of.filter(({ path }) => path === '/critical'),
    );
  const goodput = right / done;
  const factor = p99(during) / p99(calmly);
  return {
    figures: {
      ...usualFigures(verdict),
      'goodput %': goodput * 100,
      'critical failed': during.filter(
        ({ path, class: kind }) => path === '/critical' && kind !== 'right',
      ).length,
      'critical p99 ms before': p99(calmly),
      'critical p99 ms': p99(during),
      'MB more': growth,
    },
    broken: [
      ...unforgivable(verdict),
      ...(goodput > LEAST_GOODPUT ? [] : [`goodput is ${(goodput * 100).toFixed(0)} %`]),
      ...(factor < MOST_P99_FACTOR ? [] : [`p99 of critical is ${factor.toFixed(1)} times normal`]),
      ...(growth < MOST_GROWTH_MB ? [] : [`memory grew by ${growth.toFixed(0)} MB`]),
    ],
  };
}
