/** Entry of a worker process, forked by the primary. */
import cluster from 'node:cluster';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { createLogger } from '@lb/shared/logging/logger';
import { descriptorLimit } from '@lb/shared/net/descriptor-limit';
import type { ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import { Worker } from './worker.ts';

/** How long requests in flight may take when the primary is gone and cannot say it any more. */
const ORPHAN_DRAIN_MS = 30_000;

// http-proxy-3 would switch to its other engine, which loses Set-Cookie fields and follows redirects by itself.
delete process.env['FORCE_FETCH_PATH'];

// V8 lets old objects grow to four times what lives of them, and evicted answers are small ones that V8 is in no hurry about
// (docs/decisions/0016). A V8 without this flag says so on stderr, and goes on.
setFlagsFromString('--heap-growing-percent=50');

const place = Number(process.env['LBCTL_WORKER_SLOT'] ?? 0);
const log = createLogger({
  level: 'info',
  format: 'auto',
  process: `worker-${place}`,
  isTerminal: process.stderr.isTTY,
});
let drainMs = ORPHAN_DRAIN_MS;

const send = (message: ToPrimary): void => {
  // After the primary's death there is nobody to tell; the channel says so by itself.
  if (process.connected) process.send?.(message);
};

// A bug must not leave a worker half alive: the primary replaces it, and the log says why. A rejection that nobody handles
// comes here too.
process.on('uncaughtException', (error: unknown) => {
  log.fatal({ err: error }, 'worker failed');
  send({ lb: 1, type: 'failed', reason: String(error) });
  process.exit(1);
});

const worker = new Worker({
  place,
  log,
  send,
  exit: () => process.exit(0),
  descriptorLimit: descriptorLimit(),
});

process.on('message', (message: unknown, handle: unknown) => {
  if (!isOurs(message)) return;
  if (message.type === 'snapshot') drainMs = message.snapshot.config.shutdown.drainTimeout;
  worker.receive(message, handle);
});

// The terminal sends Ctrl-C to the whole group, systemd may send TERM to it; the primary alone decides.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGQUIT', () => undefined);
process.on('SIGUSR2', () => undefined);
process.on('SIGTERM', () => void worker.drain(drainMs));

// node:cluster ends a worker whose primary is gone; this one finishes what is in flight first.
cluster.worker?.on('disconnect', () => {
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  void worker.drain(drainMs);
});

send({ lb: 1, type: 'ready' });

function isOurs(message: unknown): message is ToWorker {
  return typeof message === 'object' && message !== null && 'lb' in message && message.lb === 1;
}
