/**
 * `npm run soak -- --scenario cache --minutes 10`: random keys at ten times the size of a cache, in one worker, and the same
 * requests through another worker, whose cache has room for next to nothing. What the first one takes more than the second is
 * what the cache costs: it must stay within `maxSize` and a tenth, and not grow.
 *
 *     clients ═┬▶ lbctl, 64 MiB ──┬▶ backend        bodies of 100 bytes to 1 MiB, some read slowly; every one is compared
 *              └▶ lbctl, 1 MiB ───┘
 */
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Random, seededRandom } from '@lb/shared/time/clock';
import { startBackendProcesses } from '../support/backend-process.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { bodyOf, makeBodies } from './bodies.ts';
import { median } from './median.ts';
import { residentMiB } from './process-readings.ts';

export interface CacheSoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly clients: number;
  /** The largest body. */
  readonly largestBytes: number;
}

const BACKEND = fileURLToPath(new URL('soak-backend.ts', import.meta.url));
const CACHE_MIB = 64;
/** As large as the largest body. */
const TINY_MIB = 1;
const MIB = 1_048_576;
const SMALLEST_BYTES = 100;
/** Keys are for this many caches. */
const TIMES = 10;
const SAMPLE_MS = 1_000;
const REPORT_SAMPLES = 30;
const DEADLINE_MS = 30_000;
/** Of a hundred answers, so many are read with pauses: they are on their way while others take their place. */
const SLOW_PERCENT = 3;
const BODIES = makeBodies();

interface Sample {
  readonly cachedMiB: number;
  readonly tinyMiB: number;
}

/** Returns what is off. @param say prints a line */
export async function soakCache(
  { minutes, seed, clients, largestBytes }: CacheSoakOptions,
  say: (line: string) => void,
): Promise<readonly string[]> {
  await using backends = await startBackendProcesses(1, { path: BACKEND });
  const url = backends[0]?.url ?? '';
  await using cached = await startLbctl(configOf(url, CACHE_MIB));
  await using tiny = await startLbctl(configOf(url, TINY_MIB));
  const keys = Math.ceil((TIMES * CACHE_MIB * MIB) / meanBytes(largestBytes));
  const endMs = performance.now() + minutes * 60_000;
  const complaints: string[] = [];
  const samples: Sample[] = [];
  const random = seededRandom(seed);
  const running = Array.from({ length: clients }, () =>
    new CacheClient([cached.port, tiny.port], seededRandom(Math.floor(random() * 2 ** 31))).run({
      mayGoOn: () => performance.now() < endMs,
      keys,
      largestBytes,
      onWrong: (what) => complaints.push(what),
    }),
  );
  const [cachedPid = 0] = await cached.workerPids();
  const [tinyPid = 0] = await tiny.workerPids();
  say(`      ${keys} keys, ${clients} clients`);
  while (performance.now() < endMs) {
    await pause(SAMPLE_MS);
    samples.push({ cachedMiB: residentMiB(cachedPid), tinyMiB: residentMiB(tinyPid) });
    if (samples.length % REPORT_SAMPLES === 0) say(await lineOf(samples, cached));
  }
  await Promise.all(running);
  return [...complaints.slice(0, 20), ...memoryComplaints(samples, say)];
}

function configOf(backend: string, maxMiB: number): string {
  return `
workers: 1
listeners: [{ bind: 127.0.0.1:0 }]
caches: { c: { maxSize: ${maxMiB}MiB } }
routes: [{ pool: web, cache: c }]
pools: { web: { backends: ["${backend}"], healthCheck: { type: none } } }
`;
}

async function lineOf(samples: readonly Sample[], cached: Instance): Promise<string> {
  const bytes = await cached.metric('lb_cache_bytes');
  const hits = await cached.metric('lb_cache_requests_total', 'result="hit"');
  const all = await cached.metric('lb_cache_requests_total');
  const { cachedMiB = 0, tinyMiB = 0 } = samples.at(-1) ?? {};
  const columns = [
    `${samples.length} s`,
    `${cachedMiB.toFixed(0)} MiB`,
    `${TINY_MIB} MiB cache: ${tinyMiB.toFixed(0)} MiB`,
    `lb_cache_bytes ${(bytes / MIB).toFixed(1)} MiB`,
    `${all} requests`,
    `hits ${((100 * hits) / all).toFixed(1)} %`,
  ];
  return `      ${columns.map((column) => column.padEnd(16)).join(' ')}`;
}

/** The first half fills the cache and the heaps; what is judged is the other one. */
function memoryComplaints(samples: readonly Sample[], say: (line: string) => void): string[] {
  const quarter = Math.floor(samples.length / 4);
  const costs = samples.map(({ cachedMiB, tinyMiB }) => cachedMiB - tinyMiB);
  const before = median(costs.slice(2 * quarter, 3 * quarter));
  const last = median(costs.slice(3 * quarter));
  const most = CACHE_MIB * 1.1;
  say(
    `      a cache of ${CACHE_MIB} MiB costs ${before.toFixed(0)} MiB more than one of ${TINY_MIB}, in the last quarter of the time ${last.toFixed(0)} MiB; ${most.toFixed(0)} MiB are allowed`,
  );
  return [
    ...(last > most ? [`the cache costs ${last.toFixed(0)} MiB`] : []),
    ...(last > before + CACHE_MIB * 0.1
      ? [`the cost of the cache grew from ${before.toFixed(0)} to ${last.toFixed(0)} MiB`]
      : []),
  ];
}

interface Course {
  readonly mayGoOn: () => boolean;
  readonly keys: number;
  readonly largestBytes: number;
  readonly onWrong: (what: string) => void;
}

/** Asks for random keys, each of all its ports. */
class CacheClient {
  readonly #ports: readonly number[];
  readonly #random: Random;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(ports: readonly number[], random: Random) {
    this.#ports = ports;
    this.#random = random;
  }

  async run({ mayGoOn, keys, largestBytes, onWrong }: Course): Promise<void> {
    while (mayGoOn()) {
      const key = Math.floor(this.#random() * keys);
      const size = sizeOf(key, largestBytes);
      const path = `/bytes?seed=${key}&size=${size}&chunked=${key % 2}&fresh=1`;
      const isSlow = this.#random() * 100 < SLOW_PERCENT;
      for (const port of this.#ports) {
        const body = await this.#get(port, path, isSlow);
        if (!body.equals(bodyOf(BODIES, key, size))) onWrong(`wrong body: ${path}`);
      }
    }
    this.#agent.destroy();
  }

  async #get(port: number, path: string, isSlow: boolean): Promise<Buffer> {
    const whole = Promise.withResolvers<Buffer>();
    const options = { host: '127.0.0.1', port, path, agent: this.#agent, timeout: DEADLINE_MS };
    const request = http.get(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        if (!isSlow) return;
        response.pause();
        setTimeout(() => response.resume(), 5);
      });
      response.once('end', () => whole.resolve(Buffer.concat(pieces)));
      response.once('error', whole.reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', whole.reject);
    return whole.promise;
  }
}

/** As many of each order of magnitude; always the same for a key. */
function sizeOf(key: number, largestBytes: number): number {
  const share = seededRandom(key + 1)();
  return Math.floor(SMALLEST_BYTES * (largestBytes / SMALLEST_BYTES) ** share);
}

function meanBytes(largestBytes: number): number {
  return (largestBytes - SMALLEST_BYTES) / Math.log(largestBytes / SMALLEST_BYTES);
}
