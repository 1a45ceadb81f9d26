/**
 * Tries inputs until the time is up. In a thread of its own, because a parser that does not come back can only be stopped from
 * outside: the input being tried is in memory that both sides see.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '@lb/shared/time/clock';
import { checkReading, checkReference } from './check-input.ts';
import { heldBytes, keptBytesOf } from './memory.ts';
import { cut, makeInput } from './mutate.ts';
import { reduce } from './reduce.ts';
import { SharedInput } from './shared-input.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS } from './targets.ts';

/** What the thread is given. */
export interface FuzzJob {
  readonly target: string;
  readonly seed: number;
  /** Number of the first input. */
  readonly from: number;
  readonly durationMs: number;
  readonly shared: SharedArrayBuffer;
}

/** What it says: now and then, and at the end. */
export interface FuzzProgress {
  readonly executions: number;
  readonly accepted: number;
  readonly compared: number;
  /** Reasons of the known differences, with how often each was met. */
  readonly known: ReadonlyMap<string, number>;
  /** After a collection: near the beginning, and the most since then. */
  readonly firstHeapBytes: number;
  readonly mostHeapBytes: number;
  /** The most that a parser kept which was fed without end. */
  readonly keptBytes: number;
  readonly finding: Finding | undefined;
  readonly isOver: boolean;
}

export interface Finding {
  readonly problem: string;
  /** Number of the input, for `--from`. */
  readonly number: number;
  /** As small as it could be made; undefined when it is not about one input. */
  readonly input: Buffer | undefined;
}

/** One accepted input in so many is compared with Node, which takes several times as long as the reading. */
const COMPARED = 4;
const TURN_EVERY = 256;
const FIRST_MEMORY_CHECK_MS = 2_000;
const MEMORY_CHECK_MS = 20_000;
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
/** A head or the trailers may be kept: 64 KiB, their text and their fields. */
const MAX_KEPT_BYTES = 512 * 1024;

class FuzzRun {
  readonly #target: FuzzTarget;
  readonly #job: FuzzJob;
  readonly #input: SharedInput;
  readonly #known = new Map<string, number>();
  #executions = 0;
  #accepted = 0;
  #compared = 0;
  #firstHeapBytes = 0;
  #mostHeapBytes = 0;
  #keptBytes = 0;

  constructor(target: FuzzTarget, job: FuzzJob) {
    this.#target = target;
    this.#job = job;
    this.#input = new SharedInput(job.shared);
  }

  /** Until the time is up or something is found. */
  async run(): Promise<void> {
    const { from, durationMs } = this.#job;
    const startedMs = performance.now();
    let memoryMs = startedMs + FIRST_MEMORY_CHECK_MS;
    for (let number = from; performance.now() < startedMs + durationMs; number++) {
      let finding = await this.#try(number);
      if (performance.now() >= memoryMs) {
        memoryMs = performance.now() + MEMORY_CHECK_MS;
        finding ??= await this.#checkMemory(number);
        this.#say(undefined, false);
      }
      if (finding !== undefined) {
        this.#say(finding, true);
        return;
      }
      if (number % TURN_EVERY === 0) await turn();
    }
    this.#say(undefined, true);
  }

  async #try(number: number): Promise<Finding | undefined> {
    const random = seededRandom(Math.imul(number, 0x9e3779b1) + this.#job.seed);
    const bytes = makeInput(this.#target, random);
    this.#input.begin(bytes);
    const { problem, accepted } = checkReading(this.#target, bytes, cut(bytes, random));
    this.#executions++;
    if (problem !== undefined) return this.#reduced(problem, number, bytes);
    if (accepted === undefined || ++this.#accepted % COMPARED !== 0) return undefined;
    this.#compared++;
    const compared = await checkReference(this.#target, bytes, accepted);
    if (compared.known !== undefined) {
      this.#known.set(compared.known, (this.#known.get(compared.known) ?? 0) + 1);
    }
    if (compared.problem === undefined) return undefined;
    return this.#reduced(compared.problem, number, bytes);
  }

  async #checkMemory(number: number): Promise<Finding | undefined> {
    const kept = await keptBytesOf(this.#target, seededRandom(number), this.#input);
    const held = await heldBytes();
    this.#keptBytes = Math.max(this.#keptBytes, kept);
    this.#firstHeapBytes ||= held;
    this.#mostHeapBytes = Math.max(this.#mostHeapBytes, held);
    if (kept > MAX_KEPT_BYTES)
      return { problem: `keeps ${kept} bytes of endless input`, number, input: undefined };
    const grown = held - this.#firstHeapBytes;
    return grown <= MAX_GROWTH_BYTES
      ? undefined
      : { problem: `has grown by ${grown} bytes`, number, input: undefined };
  }

  /** The smallest input that breaks the same promise; it is cut at every byte. */
  async #reduced(problem: string, number: number, bytes: Buffer): Promise<Finding> {
    const [promise = ''] = problem.split(':');
    const input = await reduce(bytes, async (smaller) => {
      this.#input.begin(smaller);
      const pieces = Array.from(smaller.keys(), (at) => smaller.subarray(at, at + 1));
      const reading = checkReading(this.#target, smaller, pieces);
      if (reading.problem !== undefined) return reading.problem.startsWith(promise);
      if (reading.accepted === undefined) return false;
      const compared = await checkReference(this.#target, smaller, reading.accepted);
      return compared.problem?.startsWith(promise) ?? false;
    });
    return { problem, number, input };
  }

  #say(finding: Finding | undefined, isOver: boolean): void {
    const progress: FuzzProgress = {
      executions: this.#executions,
      accepted: this.#accepted,
      compared: this.#compared,
      known: this.#known,
      firstHeapBytes: this.#firstHeapBytes,
      mostHeapBytes: this.#mostHeapBytes,
      keptBytes: this.#keptBytes,
      finding,
      isOver,
    };
    parentPort?.postMessage(progress, []);
  }
}

const job = workerData as FuzzJob;
const target = TARGETS.get(job.target);
if (target === undefined) throw new Error(`no target ${job.target}`);
await new FuzzRun(target, job).run();
