/**
 * `deploy/two-instances/run.sh`: Redis, three backends and two instances with deploy/two-instances/lb.yaml. Says where everything
 * is, and stops everything on Ctrl-C or when whoever started it is gone. `--once` shows that limits and sessions are shared.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AdminClient } from '@lb/shared/admin-api/client';
import type { StatusReply } from '@lb/shared/admin-api/contract';
import { eventually } from '../support/eventually.ts';
import { DemoBackends } from './demo-backends.ts';
import { showLimit, showSession, type Front } from './shared-state.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LBCTL = join(ROOT, 'packages/primary/bin/lbctl.js');
const CONFIG = join(ROOT, 'deploy/two-instances/lb.yaml');
const NAMES = ['lb-1', 'lb-2'];
const START_MS = 20_000;
const STOP_MS = 10_000;
const PARENT_CHECK_MS = 500;

interface Running extends Front {
  readonly socketPath: string;
  status(): Promise<StatusReply>;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`two-instances: ${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
  // Whoever read it may be gone; what was started is stopped all the same.
  process.stdout.on('error', () => undefined);
  const stopped = whenToStop();
  await using stack = new AsyncDisposableStack();
  try {
    const instances = await startAll(stack);
    if (values.once) return (await isShared(instances)) ? 0 : 1;
    say(whatToTry(instances));
    await stopped;
    return 0;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** Resolves with a signal that asks to stop, or when the parent is gone. What is being started is started first. */
function whenToStop(): Promise<void> {
  const { ppid } = process;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve());
    setInterval(() => {
      if (process.ppid !== ppid) resolve();
    }, PARENT_CHECK_MS).unref();
  });
}

/** @throws Error when something does not start */
async function startAll(stack: AsyncDisposableStack): Promise<readonly Running[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lbctl-two-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const redisPath = join(folder, 'redis.sock');
  await startRedis(stack, folder, redisPath);
  const backends = new DemoBackends([0, 0, 0], complain);
  stack.defer(() => backends.close());
  await backends.start();
  const env = {
    ...Object.fromEntries(
      backends.running().map(({ port }, index) => [`WEB_${index + 1}`, `127.0.0.1:${port}`]),
    ),
    REDIS_URL: `unix:${redisPath}`,
    LISTEN: '127.0.0.1:0',
    ADMIN: '127.0.0.1:0',
  };
  const instances = await Promise.all(
    NAMES.map((name) => startInstance(stack, { name, socketPath: join(folder, name), env })),
  );
  await eventually(async () => {
    for (const instance of instances) {
      const known = (await instance.status()).instances.length;
      if (known < NAMES.length) throw new Error(`${instance.name} knows of ${known} instance`);
    }
  }, START_MS);
  return instances;
}

async function startRedis(
  stack: AsyncDisposableStack,
  folder: string,
  socketPath: string,
): Promise<void> {
  const args = ['--port', '0', '--unixsocket', socketPath, '--dir', folder, '--save', ''];
  const child = spawn('redis-server', args, { detached: true, stdio: 'ignore' });
  stack.defer(() => stop(child));
  const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [unknown];
  if (error !== undefined) throw new Error('needs Redis: apt-get install redis-server');
}

async function startInstance(
  stack: AsyncDisposableStack,
  { name, socketPath, env }: Pick<Running, 'name' | 'socketPath'> & { readonly env: object },
): Promise<Running> {
  const child = spawn(process.execPath, [LBCTL, 'start', '--workers', '2', '-c', CONFIG], {
    cwd: ROOT,
    env: { ...process.env, ...env, CONTROL_SOCKET: socketPath },
    // The terminal's Ctrl-C must not reach it beside the SIGTERM of this process, for two mean "at once".
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  stack.defer(() => stop(child));
  const admin = new AdminClient({ socketPath });
  const status = (): Promise<StatusReply> => admin.get<StatusReply>('/api/v1/status');
  const { listeners } = await eventually(async () => {
    const reply = await status();
    if (reply.state !== 'running') throw new Error(`${name} is ${reply.state}`);
    return reply;
  }, START_MS);
  return { name, url: `http://${listeners[0]?.address ?? ''}`, socketPath, status };
}

/** Gently first. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exit;
  clearTimeout(deadline);
}

/** Makes requests to both and says what came of them. */
async function isShared(instances: readonly Running[]): Promise<boolean> {
  say(`instances: ${instances.map(({ name, url }) => `${name} at ${url}`).join(', ')}`);
  const limit = await showLimit(instances);
  const session = await showSession(instances);
  say(limit.said);
  say(session.said);
  return limit.isShared && session.isShared;
}

function whatToTry(instances: readonly Running[]): string {
  const [first, second] = instances;
  return `
${instances.map(({ name, url, socketPath }) => `  ${name}  ${url}  (npx lbctl status --socket ${socketPath})`).join('\n')}

  Try, in another terminal:

    ten a minute, over both      for i in 1 2 3 4 5 6 7 8; do curl -s ${first?.url}/limited ${second?.url}/limited; done
    one session, one backend     curl -s -c jar -b jar ${first?.url}/; curl -s -c jar -b jar ${second?.url}/
    drained at one, and at both  npx lbctl drain web/web-1 --socket ${first?.socketPath}
                                 npx lbctl backends --socket ${second?.socketPath}

  Ctrl-C stops everything.
`;
}
