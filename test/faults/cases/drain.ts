/**
 * SIGTERM in the middle of it all: requests on kept connections, long downloads, WebSockets. Nothing that has begun is cut, and
 * tunnels live as long as a worker has anything else to do.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { echoWebSocket, openWebSocket, roundTrip } from '../../support/echo-websocket.ts';
import { nowMs } from '../clock.ts';
import { judge, unforgivable } from '../judge.ts';
import { Scene } from '../scene.ts';
import { type Case, type CaseRun, complaints, type Findings, usualFigures } from './case.ts';

const DRAIN_TIMEOUT_MS = 20_000;
/** A download takes two seconds: there are forty when the signal comes. */
const DOWNLOADS_PER_SECOND = 20;
const TUNNELS = 20;
const TERM_AFTER_MS = 2_500;
const LOAD_SECONDS = 4;
/** The signal goes from the primary to the workers. */
const NEWS_MS = 250;

export const drain: Case = {
  name: 'drain',
  about: 'SIGTERM under load, with downloads and WebSockets',
  group: 'SIGTERM under load',
  isOwn: true,
  run,
};

async function run({ rig, rate }: CaseRun): Promise<Findings> {
  await using echo = await echoWebSocket();
  await using scene = await Scene.open({
    rig,
    settings: {
      pools: { echo: { backends: [echo.url], healthCheck: { type: 'tcp' } } },
      sections: {
        routes: [{ match: { paths: ['/echo'] }, pool: 'echo' }, { pool: 'web' }],
        shutdown: { drainTimeout: `${DRAIN_TIMEOUT_MS}ms` },
      },
    },
  });
  const { instance, port } = scene.balancer;
  if (instance === undefined) throw new Error('this is for lbctl alone');
  const tunnels = await Promise.all(
    Array.from({ length: TUNNELS }, () => openWebSocket(port, '/echo')),
  );
  for (const tunnel of tunnels) tunnel.on('error', () => tunnel.terminate());
  const small = await scene.load({ rate, requests: rate * LOAD_SECONDS });
  const downloads = await scene.load({
    rate: DOWNLOADS_PER_SECOND,
    requests: DOWNLOADS_PER_SECOND * LOAD_SECONDS,
    paths: ['/trickle'],
    postEvery: 0,
    largeEvery: 1,
  });
  await pause(small.beginMs + TERM_AFTER_MS - nowMs());
  const exit = once(instance.child, 'exit') as Promise<[number | null]>;
  const termMs = nowMs();
  instance.child.kill('SIGTERM');
  await pause(NEWS_MS);
  const echoes = await Promise.allSettled(tunnels.map((tunnel) => roundTrip(tunnel, 'still here')));
  const [code] = await exit;
  const exitMs = nowMs();
  const sent = [...(await small.sent), ...(await downloads.sent)];
  const verdict = judge(await scene.logs(sent));

  const { requests } = verdict;
  const begun = requests.filter((request) => request.class !== 'refused');
  const failed = begun.filter((request) => request.class !== 'right');
  // A connection may close in the moment in which a client sends on it: then nobody has read the request.
  const unread = failed.filter(
    ({ class: kind, begun: times, passed }) =>
      kind.startsWith('reset') && times === 0 && passed === undefined,
  );
  const cut = failed.filter((request) => !unread.includes(request));
  // The head of a download that was under way is older than the signal.
  const unannounced = begun.filter(
    ({ class: kind, isReused, dueMs, isLast }) =>
      kind === 'right' && isReused && dueMs > termMs + NEWS_MS && !isLast,
  ).length;
  const silent = echoes.filter(({ status }) => status === 'rejected').length;
  return {
    figures: {
      ...usualFigures(verdict),
      failed: cut.length,
      'closed unread': unread.length,
      'downloads in flight': begun.filter(
        ({ path, dueMs, endMs }) => path === '/trickle' && dueMs < termMs && endMs > termMs,
      ).length,
      'WebSockets silent': silent,
      'answers without close': unannounced,
      'exit ms': exitMs - termMs,
    },
    broken: [
      ...unforgivable(verdict),
      ...complaints(cut, 'that had begun failed'),
      ...complaint(silent, 'WebSockets did not echo during the drain'),
      ...complaint(unannounced, 'last answers without Connection: close'),
      ...(code === 0 ? [] : [`exit code ${code}`]),
      ...(exitMs - termMs < DRAIN_TIMEOUT_MS ? [] : ['it took longer than drainTimeout']),
    ],
  };
}

function complaint(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
