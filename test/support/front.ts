/** A worker with one recording backend behind it: what most tests of requests need. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@lb/shared/time/clock';
import type { Turns } from '@lb/worker/internal/overload/turnstile';
import { eventually } from './eventually.ts';
import { type RecordingBackend, type Respond, startRecordingBackend } from './recording-backend.ts';
import { type Harness, startWorker } from './worker-harness.ts';

export interface FrontOptions {
  /** YAML beside the pools, such as a `routes` section; without it everything goes to the pool `web`. */
  readonly config?: string;
  /** More pools beside `web`, YAML in flow style such as `, other: { backends: [...] }`; their slots begin at 1. */
  readonly morePools?: string;
  /** The listener's limits, YAML in flow style. */
  readonly limits?: string;
  readonly respond?: Respond;
  /** What the worker measures with. */
  readonly clock?: Clock;
  /** What the worker takes for a turn of its event loop, under overload. */
  readonly turns?: Turns;
  /** Format of an access log that `readLog` reads, as in YAML; without it there is none. */
  readonly log?: string;
  /** More of `log.access`, YAML in flow style such as `, sample: 0`. */
  readonly moreLog?: string;
}

export interface Front extends AsyncDisposable {
  readonly port: number;
  readonly backend: RecordingBackend;
  readonly worker: Harness;
  /** Waits for so many lines of the access log, ends the worker, and returns all lines there are then. */
  readLog(count: number): Promise<string[]>;
}

export async function startFront(options: FrontOptions = {}): Promise<Front> {
  const { config = '', morePools = '', limits, respond, log, clock, turns } = options;
  const { moreLog = '' } = options;
  const backend = await startRecordingBackend(respond);
  const directory = log === undefined ? undefined : await mkdtemp(join(tmpdir(), 'lb-front-'));
  const path = join(directory ?? tmpdir(), 'access.log');
  const logging =
    log === undefined
      ? ''
      : `log: { level: fatal, access: { enabled: true, format: ${log}, path: "${path}"${moreLog} } }\n`;
  const worker = await startWorker(
    `${logging}pools: { web: { backends: ["${backend.url}"] }${morePools} }\n${config}`,
    limits,
    undefined,
    { ...(clock !== undefined && { clock }), ...(turns !== undefined && { turns }) },
  );
  let isOver = false;
  const stopWorker = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await worker[Symbol.asyncDispose]();
  };
  return {
    port: worker.port,
    backend,
    worker,
    async readLog(count) {
      const lines = async (): Promise<string[]> =>
        existsSync(path) ? (await readFile(path, 'utf8')).split('\n').slice(0, -1) : [];
      await eventually(async () => {
        const { length } = await lines();
        if (length < count) throw new Error(`${length} of ${count} lines`);
      });
      await stopWorker();
      return lines();
    },
    async [Symbol.asyncDispose]() {
      await stopWorker();
      await backend[Symbol.asyncDispose]();
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
