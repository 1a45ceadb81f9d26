/**
 * `npm run demo`: builds, starts three backends and the balancer with the repository's lb.yaml, says what to try, and
 * stops everything on Ctrl-C. `--once` sends 30 requests instead, says who answered, and exits.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COMEBACK_MS, DemoBackends } from './demo-backends.ts';
import { areDefault, PORT_HELP, readDemoOptions, takenPorts, withPorts } from './ports.ts';
import type { DemoPorts } from './ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LBCTL = join(ROOT, 'packages/primary/bin/lbctl.js');
const REQUESTS = 30;
const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`demo: ${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  const { ports, once: isOnce } = options;
  const taken = await takenPorts(ports);
  if (taken.length > 0) {
    complain(`${taken.length === 1 ? 'port' : 'ports'} in use: ${taken.join(', ')}\n${PORT_HELP}`);
    return 1;
  }
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  if (build.status !== 0) return 1;

  const stopped = stopSignal();
  const scratch = await mkdtemp(join(tmpdir(), 'lbctl-demo-'));
  const backends = new DemoBackends(ports.backends, complain);
  let balancer: ChildProcess | undefined;
  try {
    const config = await configFor(ports, scratch);
    await backends.start();
    balancer = startBalancer(config, isOnce);
    const exit = once(balancer, 'exit');
    const becameReady = await Promise.race([
      waitUntilReady(ports.admin),
      exit.then(() => false),
      stopped.then(() => false),
    ]);
    if (!becameReady) {
      complain('the balancer did not get ready');
      return 1;
    }
    if (isOnce) return await sendRequests(ports.listener);
    say(whatToTry(ports, config, backends));
    const end = await Promise.race([stopped, exit.then(() => 'exit')]);
    if (end === 'exit') complain('the balancer stopped by itself');
    return end === 'exit' ? 1 : 0;
  } finally {
    if (balancer !== undefined) await stopBalancer(balancer);
    await backends.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What was asked for, or undefined after saying what is wrong with it. */
function readOptions(): ReturnType<typeof readDemoOptions> | undefined {
  try {
    return readDemoOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    complain(`${error.message}\n${PORT_HELP}`);
    return undefined;
  }
}

/** Settles with the first signal that asks the demo to stop; npm and the terminal may both send one. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
}

/** lb.yaml itself, or a copy of it with other ports. */
async function configFor(ports: DemoPorts, scratch: string): Promise<string> {
  const original = join(ROOT, 'lb.yaml');
  if (areDefault(ports)) return original;
  const copy = join(scratch, 'lb.yaml');
  await writeFile(copy, withPorts(await readFile(original, 'utf8'), ports));
  return copy;
}

/** In a session of its own: the terminal's Ctrl-C must not reach it beside the demo's own SIGTERM, for two mean "at once". */
function startBalancer(config: string, isOnce: boolean): ChildProcess {
  return spawn(process.execPath, [LBCTL, 'start', '-c', config], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', isOnce ? 'ignore' : 'inherit', 'inherit'],
  });
}

async function stopBalancer(balancer: ChildProcess): Promise<void> {
  if (balancer.exitCode !== null || balancer.signalCode !== null) return;
  const exit = once(balancer, 'exit');
  balancer.kill('SIGTERM');
  const deadline = setTimeout(() => balancer.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(deadline);
}

async function waitUntilReady(adminPort: number): Promise<boolean> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  while (!signal.aborted) {
    if (await isReady(adminPort, signal)) return true;
    await pause(100);
  }
  return false;
}

async function isReady(adminPort: number, signal: AbortSignal): Promise<boolean> {
  try {
    const { status } = await fetch(`http://127.0.0.1:${adminPort}/readyz`, { signal });
    return status === 200;
  } catch {
    // Refused until the admin server is bound; the caller has the deadline.
    return false;
  }
}

/** Prints how many requests each backend answered; 1 when any failed. */
async function sendRequests(port: number): Promise<number> {
  const answers = new Map<string, number>();
  let failed = 0;
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    const name = text.split(',')[0] ?? text;
    if (response.ok) answers.set(name, (answers.get(name) ?? 0) + 1);
    else failed += 1;
  }
  const shares = [...answers].sort(([left], [right]) => left.localeCompare(right));
  say(`${REQUESTS} requests: ${shares.map(([name, count]) => `${name} ${count}`).join(', ')}`);
  if (failed > 0) complain(`${failed} of ${REQUESTS} requests failed`);
  return failed > 0 ? 1 : 0;
}

function whatToTry(ports: DemoPorts, config: string, backends: DemoBackends): string {
  const running = backends.running();
  const victim = running.find(({ name }) => name === 'web-2') ?? running[0];
  const flag = areDefault(ports) ? '' : ` -c ${config}`;
  return `
  balancer  http://127.0.0.1:${ports.listener}
  dashboard http://127.0.0.1:${ports.admin}
  backends  ${running.map(({ name, pid, port }) => `${name} on ${port} (pid ${pid})`).join(', ')}

  Try, in another terminal:

    who answers              for i in 1 2 3 4 5 6; do curl -s http://127.0.0.1:${ports.listener}/; done
    what a backend is sent   curl -s http://127.0.0.1:${ports.listener}/headers
    kill a backend           kill ${victim?.pid}    (no request fails; it comes back after ${COMEBACK_MS / 1000} s)
    see its state            npx lbctl backends${flag}
    metrics                  curl -s http://127.0.0.1:${ports.admin}/metrics | grep lb_backend
    change the configuration set "policy: round_robin" in ${config}, then: npx lbctl reload${flag}

  Ctrl-C stops everything.
`;
}
