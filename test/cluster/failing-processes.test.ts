import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive, startLbctl, type Instance } from '../support/lbctl.ts';

const yamlFor = (url = ''): string => `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { backends: [${url}] } }
`;

/** A bug of ours, at a signal that means nothing else to the processes. */
const BUG = `process.on('SIGWINCH', () => { JSON.parse('{"a bug of this test"') })`;
const WITH_BUG = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(BUG)}` };

/** A rejection that nobody handles. */
const REJECTION = `process.on('SIGWINCH', () => { Promise.reject(new Error('nobody cares')) })`;
const WITH_REJECTION = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(REJECTION)}`,
};

interface LogLine {
  readonly level: string;
  readonly process: string;
  readonly msg: string;
  readonly event?: string;
  readonly reason?: string | null;
  readonly signal?: string | null;
  readonly err?: { readonly message: string; readonly stack: string };
}

const linesOf = (lb: Instance): LogLine[] =>
  lb
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);

const anyPid = async (lb: Instance): Promise<number> => {
  const [pid] = await lb.workerPids();
  if (pid === undefined) throw new Error('no worker');
  return pid;
};

/** Waits until two workers run, and that one is none of them. */
const isReplaced = (lb: Instance, pid: number): Promise<void> =>
  eventually(async () => {
    const { workers } = await lb.status();
    expect(workers.map((worker) => worker.pid)).not.toContain(pid);
    expect(workers.map(({ state }) => state)).toEqual(['running', 'running']);
  });

test.each([
  ['an exception', WITH_BUG, 'SyntaxError'],
  ['a rejection', WITH_REJECTION, 'nobody cares'],
])('a worker that %s ends is replaced; log and event name the cause', async (_what, env, cause) => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(yamlFor(backends[0]?.url), env);
  const pid = await anyPid(lb);

  process.kill(pid, 'SIGWINCH');

  await isReplaced(lb, pid);
  const lines = linesOf(lb);
  const fatal = lines.find(({ level }) => level === 'fatal');
  expect(fatal?.process).toMatch(/^worker-/);
  expect(fatal?.err?.stack).toContain(cause);
  expect(lines.find(({ event }) => event === 'worker_exit')?.reason).toContain(cause);
  expect((await fetch(`http://127.0.0.1:${lb.port}/`)).status).toBe(200);
  expect(await lb.metric('lb_worker_restarts_total')).toBe(1);
});

test('a primary that an exception ends says why and exits with 1; what is in flight is finished', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(yamlFor(backends[0]?.url), WITH_BUG);
  const pids = await lb.workerPids();
  const answer = fetch(`http://127.0.0.1:${lb.port}/slow?ms=1000`).then((each) => each.text());
  await eventually(async () => {
    expect((await lb.pool('web')).backends[0]?.inFlight).toBe(1);
  });

  lb.child.kill('SIGWINCH');
  await once(lb.child, 'exit');

  expect(lb.child.exitCode).toBe(1);
  expect(linesOf(lb).find(({ level }) => level === 'fatal')).toMatchObject({
    process: 'primary',
    msg: 'primary failed',
  });
  expect(await answer).toBe('a');
  await eventually(() => expect(pids.filter(isAlive)).toEqual([]));
});

test('a stopped worker is replaced, and nobody waits for it long', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(yamlFor(backends[0]?.url));
  const pid = await anyPid(lb);

  process.kill(pid, 'SIGSTOP');

  // The kernel gives connections to whoever accepts.
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      fetch(`http://127.0.0.1:${lb.port}/`, { headers: { connection: 'close' } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  await eventually(() => {
    expect(linesOf(lb).find(({ event }) => event === 'worker_exit')).toMatchObject({
      signal: 'SIGKILL',
      reason: 'did not respond for 10 s',
    });
  }, 20_000);
  await isReplaced(lb, pid);
});
