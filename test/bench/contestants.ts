/** What is measured: each contestant proxies to the same three backends and runs pinned to CPU 0, with one worker. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Contestant {
  readonly name: string;
  readonly port: number;
  /** Starts it; it is ready when its port answers. */
  start(): ChildProcess;
}

/** First of the ports in use; they are fixed because three different programs have to be told. */
const FIRST_PORT = Number(process.env['BENCH_PORT'] ?? 29_000);

const BACKEND_PORTS = [FIRST_PORT + 1, FIRST_PORT + 2, FIRST_PORT + 3] as const;

const LBCTL = fileURLToPath(new URL('../../packages/primary/bin/lbctl.js', import.meta.url));
const BARE_PROXY = fileURLToPath(new URL('bare-http-proxy-3.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lbctl-bench-'));

/** nginx as the backends: one process, about 110 bytes an answer, keep-alive without end. */
export function startBackends(): ChildProcess {
  const servers = BACKEND_PORTS.map(
    (port) =>
      `server { listen 127.0.0.1:${port}; keepalive_requests 100000000; location / { return 200 "${'x'.repeat(110)}"; } }`,
  );
  return nginx('backends', servers.join('\n'), 1);
}

/** All of them, in the order in which each round runs them. */
export function contestants(): readonly Contestant[] {
  return [
    {
      name: 'nginx',
      port: FIRST_PORT + 100,
      start: () => nginx('proxy', nginxProxy(FIRST_PORT + 100), 0),
    },
    { name: 'lbctl', port: FIRST_PORT + 101, start: () => lbctl({ port: FIRST_PORT + 101 }) },
    {
      name: 'lbctl, access log',
      port: FIRST_PORT + 102,
      start: () => lbctl({ port: FIRST_PORT + 102, accessLog: true }),
    },
    {
      name: 'lbctl, http-proxy-3',
      port: FIRST_PORT + 104,
      start: () => lbctl({ port: FIRST_PORT + 104, engine: 'http-proxy-3' }),
    },
    {
      name: 'bare http-proxy-3',
      port: FIRST_PORT + 103,
      start: () =>
        pinned(0, process.execPath, [
          BARE_PROXY,
          String(FIRST_PORT + 103),
          ...BACKEND_PORTS.map(String),
        ]),
    },
  ];
}

function nginxProxy(port: number): string {
  const upstream = BACKEND_PORTS.map((backend) => `server 127.0.0.1:${backend};`).join(' ');
  return `upstream pool { ${upstream} keepalive 256; }
server { listen 127.0.0.1:${port}; keepalive_requests 100000000; location / {
  proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }`;
}

function nginx(name: string, servers: string, cpu: 0 | 1): ChildProcess {
  const file = join(folder, `${name}.conf`);
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; error_log stderr crit; pid ${join(folder, `${name}.pid`)};
events { worker_connections 8192; }
http { access_log off; ${servers} }`,
  );
  return pinned(cpu, 'nginx', ['-c', file, '-p', folder]);
}

interface LbctlSetup {
  readonly port: number;
  readonly accessLog?: boolean;
  readonly engine?: string;
}

function lbctl({ port, accessLog = false, engine = 'native' }: LbctlSetup): ChildProcess {
  const file = join(folder, `lb-${port}.yaml`);
  writeFileSync(
    file,
    `workers: 1
listeners: [{ bind: 127.0.0.1:${port} }]
pools: { web: { engine: ${engine}, healthCheck: { path: / }, backends: [${BACKEND_PORTS.map((backend) => `http://127.0.0.1:${backend}`).join(', ')}] } }
admin: { bind: 127.0.0.1:0, socket: ${join(folder, `lb-${port}.sock`)} }
log: { level: error, access: { enabled: ${accessLog}, path: ${join(folder, 'access.log')} } }
`,
  );
  return pinned(0, process.execPath, [LBCTL, 'start', '-c', file]);
}

/** On one CPU, so that the load and the backends, on the other, do not take its time. */
function pinned(cpu: 0 | 1, command: string, args: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(cpu), command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
