/** All backends go at once, and come back at once: nothing must storm them, neither while they are away nor when they return. */
import { setTimeout as pause } from 'node:timers/promises';
import { HEALTHY } from '../backend/orders.ts';
import { nowMs } from '../clock.ts';
import { judge, unforgivable } from '../judge.ts';
import { PROBE_INTERVAL_MS } from '../rigs/settings.ts';
import { Scene } from '../scene.ts';
import { type Case, type CaseRun, type Findings, usualFigures } from './case.ts';

const FROM = 0.2;
const UNTIL = 0.6;
/** What returns meets everybody who waited: the herd, if there is one. */
const RETURN_MS = 1_000;
/** Of the offered load. */
const MOST_REACHED = 1.2;
/** An interval with its 20 % of jitter, and what a probe and a request take. */
const MOST_BACK_MS = PROBE_INTERVAL_MS * 1.2 + 100;

export const allDown: Case = {
  name: 'all-down',
  about: 'all backends reset every request, and return at once',
  group: 'All backends at once',
  run,
};

async function run({ rig, requests, rate }: CaseRun): Promise<Findings> {
  await using scene = await Scene.open({ rig });
  const load = await scene.load({ rate, requests: Math.ceil(requests / 0.9) });
  const lengthMs = load.endMs - load.beginMs;
  const tellAll = (mode: 'resetting' | 'healthy'): Promise<unknown> =>
    Promise.all(scene.backends.map((backend) => backend.tell({ ...HEALTHY, mode })));
  await pause(load.beginMs + FROM * lengthMs - nowMs());
  const fromMs = nowMs();
  await tellAll('resetting');
  await pause(load.beginMs + UNTIL * lengthMs - nowMs());
  await tellAll('healthy');
  const repairedMs = nowMs();
  const logs = await scene.logs(await load.sent);

  const verdict = judge(logs);
  const until = repairedMs + RETURN_MS;
  const reached = logs.served.filter(
    ({ step, atMs }) => step === 'begun' && atMs >= fromMs && atMs < until,
  ).length;
  const offered = ((until - fromMs) * rate) / 1_000;
  const firstMs = verdict.requests
    .filter((request) => request.class === 'right' && request.endMs > repairedMs)
    .reduce((least, { endMs }) => Math.min(least, endMs), Number.POSITIVE_INFINITY);
  const late = verdict.requests.filter(
    (request) => request.class !== 'right' && request.dueMs > repairedMs + MOST_BACK_MS,
  ).length;
  const backMs = firstMs - repairedMs;
  return {
    figures: {
      ...usualFigures(verdict),
      'reached, of offered': reached / offered,
      'back ms': backMs,
      'failed after': late,
    },
    broken: [
      ...unforgivable(verdict),
      ...(reached <= MOST_REACHED * offered ? [] : [`${reached} requests of ${offered} reached`]),
      ...(backMs <= MOST_BACK_MS ? [] : [`back after ${backMs.toFixed(0)} ms`]),
      ...(late === 0 ? [] : [`${late} failed after the return`]),
    ],
  };
}
