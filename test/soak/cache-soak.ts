/**
 * `npm run soak -- --scenario cache --minutes 10`: random keys at ten times the size of a cache, in one worker, and the same
 * requests through two others: one whose cache has room for next to nothing, and one without. What it takes more than the one
 * is what its size costs, and must stay within `maxSize` and a tenth; what it takes more than the other has the fixed cost of
 * caching in it. Neither may grow.
 *
 *     clients ═┬▶ lbctl, 64 MiB ──┬▶ backend        bodies of 100 bytes to 1 MiB, some read slowly; every one is compared
 *              ├▶ lbctl, 1 MiB ───┤
 *              └▶ lbctl, none ────┘
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
/** Caching keeps objects over collections of young ones, whose space V8 lets grow to its limit then, as much load does as well. */
const FIXED_MIB = 32;
const MIB = 1_048_576;
const SMALLEST_BYTES = 100;
/** Keys are for this many caches. */
const TIMES = 10;
/** Time counts once so many caches have been asked for: it is full then, and the heaps have grown. */
const WARM_UP = 5;
const SAMPLE_MS = 1_000;
const REPORT_SAMPLES = 30;
const DEADLINE_MS = 30_000;
/** Of a hundred answers, so many are read with pauses: they are on their way while others take their place. */
const SLOW_PERCENT = 3;
const BODIES = makeBodies();

/** Resident MiB of the workers, in the order of CACHES. */
type Sample = readonly number[];

/** Returns what is off. @param say prints a line */
export async function soakCache(
  { minutes, seed, clients, largestBytes }: CacheSoakOptions,
  say: (line: string) => void,
): Promise<readonly string[]> {
  await using backends = await startBackendProcesses(1, { path: BACKEND });
  const url = backends[0]?.url ?? '';
  await using cached = await startLbctl(configOf(url, CACHE_MIB));
  await using tiny = await startLbctl(configOf(url, TINY_MIB));
  await using plain = await startLbctl(configOf(url, 0));
  const all = [cached, tiny, plain];
  const pids = (await Promise.all(all.map((lb) => lb.workerPids()))).flat();
  const keys = Math.ceil((TIMES * CACHE_MIB * MIB) / meanBytes(largestBytes));
  let endMs = Number.POSITIVE_INFINITY;
  const asked = { bytes: 0 };
  const complaints: string[] = [];
  const samples: Sample[] = [];
  const random = seededRandom(seed);
  const ports = all.map(({ port }) => port);
  const running = Array.from({ length: clients }, () =>
    new CacheClient(ports, seededRandom(Math.floor(random() * 2 ** 31))).run({
      mayGoOn: () => performance.now() < endMs,
      keys,
      largestBytes,
      onBody: (bytes) => (asked.bytes += bytes),
      onWrong: (what) => complaints.push(what),
    }),
  );
  say(`      ${keys} keys, ${clients} clients`);
  while (asked.bytes < WARM_UP * CACHE_MIB * MIB) await pause(SAMPLE_MS);
  endMs = performance.now() + minutes * 60_000;
  while (performance.now() < endMs) {
    await pause(SAMPLE_MS);
    samples.push(pids.map(residentMiB));
    if (samples.length % REPORT_SAMPLES === 0) say(await lineOf(samples, cached));
  }
  await Promise.all(running);
  return [...complaints.slice(0, 20), ...memoryComplaints(samples, say)];
}

/** @param maxMiB 0 for none */
function configOf(backend: string, maxMiB: number): string {
  const caches = maxMiB === 0 ? '' : `caches: { c: { maxSize: ${maxMiB}MiB } }`;
  return `
workers: 1
listeners: [{ bind: 127.0.0.1:0 }]
${caches}
routes: [{ pool: web${maxMiB === 0 ? '' : ', cache: c'} }]
pools: { web: { backends: ["${backend}"], healthCheck: { type: none } } }
`;
}

async function lineOf(samples: readonly Sample[], cached: Instance): Promise<string> {
  const bytes = await cached.metric('lb_cache_bytes');
  const hits = await cached.metric('lb_cache_requests_total', 'result="hit"');
  const all = await cached.metric('lb_cache_requests_total');
  const [cachedMiB, tinyMiB, plainMiB] = (samples.at(-1) ?? []).map((mib) => mib.toFixed(0));
  const columns = [
    `${samples.length} s`,
    `${cachedMiB} MiB`,
    `of ${TINY_MIB} MiB: ${tinyMiB}`,
    `none: ${plainMiB}`,
    `lb_cache_bytes ${(bytes / MIB).toFixed(1)} MiB`,
    `${all} requests`,
    `hits ${((100 * hits) / all).toFixed(1)} %`,
  ];
  return `      ${columns.map((column) => column.padEnd(14)).join(' ')}`;
}

function memoryComplaints(samples: readonly Sample[], say: (line: string) => void): string[] {
  const half = Math.floor(samples.length / 2);
  const most = CACHE_MIB * 1.1;
  return [
    { than: `a cache of ${TINY_MIB} MiB`, place: 1, allowed: most },
    { than: 'no cache', place: 2, allowed: most + FIXED_MIB },
  ].flatMap(({ than, place, allowed }) => {
    const costs = samples.map((sample) => (sample[0] ?? 0) - (sample[place] ?? 0));
    const before = median(costs.slice(0, half));
    const last = median(costs.slice(half));
    say(
      `      ${last.toFixed(0)} MiB more than ${than}, ${before.toFixed(0)} before; ${allowed.toFixed(0)} are allowed`,
    );
    return [
      ...(last > allowed ? [`${last.toFixed(0)} MiB more than ${than}`] : []),
      ...(last > before + CACHE_MIB * 0.1 ? [`what it takes more than ${than} grew`] : []),
    ];
  });
}

interface Course {
  readonly mayGoOn: () => boolean;
  readonly keys: number;
  readonly largestBytes: number;
  readonly onBody: (bytes: number) => void;
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

  async run({ mayGoOn, keys, largestBytes, onBody, onWrong }: Course): Promise<void> {
    while (mayGoOn()) {
      const key = Math.floor(this.#random() * keys);
      const size = sizeOf(key, largestBytes);
      const path = `/bytes?seed=${key}&size=${size}&chunked=${key % 2}&fresh=1`;
      onBody(size);
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
