/**
 * `npm run bench:primary [-- --seconds N]`: what a thousand busy backends cost the primary: its memory, the time of a scrape
 * under load and without, and how late the event loops of the workers are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { backendAddresses, backendsCommand } from './backends.ts';
import { LOADS } from './load/load.ts';
import { attempt } from './load/wrk.ts';
import { Ports } from './ports.ts';
import { ownCpuMicroseconds, residentBytes } from './proc.ts';
import { BOTH_CPUS, LOAD_CPU, Processes } from './processes.ts';
import { findTool } from './tools.ts';

const BIN = fileURLToPath(new URL('../../packages/primary/bin/lbctl.js', import.meta.url));
const BACKENDS = 1_000;
const SCRAPE_INTERVAL_MS = 5_000;
const QUIET_SCRAPES = 10;
const START_MS = 30_000;

interface Scrape {
  readonly ms: number;
  readonly bytes: number;
  /** The worst of all workers. */
  readonly workerDelayMs: number;
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const folder = mkdtempSync(join(tmpdir(), 'lbctl-bench-'));
try {
  await run(Number(values.seconds));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(seconds: number): Promise<void> {
  const nginx = findTool('nginx');
  if (nginx === undefined)
    throw new Error('this needs nginx and wrk: apt-get install nginx-light wrk');
  await using processes = new Processes();
  const ports = new Ports();
  const [backendPort, port, adminPort] = [
    await ports.take(),
    await ports.take(),
    await ports.take(),
  ];
  processes.start(LOAD_CPU, backendsCommand(nginx, folder, backendPort));
  const file = join(folder, 'lb.yaml');
  writeFileSync(file, configuration({ port, adminPort, backendPort }));
  const { pid, log } = processes.start(BOTH_CPUS, {
    file: process.execPath,
    args: [BIN, 'start', '-c', file],
  });
  const admin = `http://127.0.0.1:${adminPort}`;
  await eventually(async () => {
    const { ok } = await fetch(`${admin}/readyz`);
    if (!ok) throw new Error(`lbctl is not ready:\n${log()}`);
  }, START_MS);
  say('at rest', residentBytes(pid), [await scrape(admin)]);

  const loaded: Scrape[] = [];
  const load = attempt(processes, port, { ...LOADS.small, connections: 50 }, seconds);
  const isOver = load.then(() => true);
  let peak = 0;
  const usedBefore = ownCpuMicroseconds(pid);
  while (!(await Promise.race([isOver, pause(SCRAPE_INTERVAL_MS, false)]))) {
    loaded.push(await scrape(admin));
    peak = Math.max(peak, residentBytes(pid));
  }
  const { requests } = await load;
  const used = (ownCpuMicroseconds(pid) - usedBefore) / 1e6 / seconds;
  console.log(
    `${Math.round(requests / seconds)} requests/s for ${seconds} s; primary ${(100 * used).toFixed(0)} % of a CPU`,
  );
  say('under load', peak, loaded);

  const quiet: Scrape[] = [];
  for (let at = 0; at < QUIET_SCRAPES; at++) {
    await pause(SCRAPE_INTERVAL_MS / 10);
    quiet.push(await scrape(admin));
  }
  say('after it', residentBytes(pid), quiet);
}

function configuration(ports: { port: number; adminPort: number; backendPort: number }): string {
  // YAML reads JSON.
  return JSON.stringify({
    workers: 2,
    listeners: [{ bind: `127.0.0.1:${ports.port}` }],
    pools: {
      web: {
        policy: 'round_robin',
        circuitBreaker: {},
        healthCheck: { path: '/' },
        backends: backendAddresses(ports.backendPort, BACKENDS).map(
          (address) => `http://${address}`,
        ),
      },
    },
    admin: { bind: `127.0.0.1:${ports.adminPort}`, socket: join(folder, 'lb.sock') },
    log: { level: 'error', access: { enabled: false } },
    shutdown: { drainTimeout: '1s' },
  });
}

async function scrape(admin: string): Promise<Scrape> {
  const startedMs = performance.now();
  const text = await (await fetch(`${admin}/metrics`)).text();
  const ms = performance.now() - startedMs;
  const delays = [
    ...text.matchAll(/^lb_worker_event_loop_delay_seconds\{.*quantile="0.99".*\} (.*)$/gm),
  ];
  const workerDelayMs = Math.max(...delays.map(([, seconds]) => Number(seconds) * 1_000));
  return { ms, bytes: text.length, workerDelayMs };
}

function say(when: string, resident: number, scrapes: readonly Scrape[]): void {
  const times = scrapes.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const middle = times[times.length >> 1] ?? 0;
  const delay = Math.max(...scrapes.map(({ workerDelayMs }) => workerDelayMs));
  console.log(
    `${when.padEnd(11)} primary ${(resident / 2 ** 20).toFixed(0)} MiB; ` +
      `scrape ${middle.toFixed(0)} ms, at most ${(times.at(-1) ?? 0).toFixed(0)} ms, ` +
      `${((scrapes.at(-1)?.bytes ?? 0) / 2 ** 20).toFixed(1)} MiB; worker late by ${delay.toFixed(1)} ms (p99)`,
  );
}
