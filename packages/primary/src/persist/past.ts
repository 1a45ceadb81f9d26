/**
 * What traffic was: from the memory of the instance, and from the database for what memory does not have. When the database does
 * not answer in time, memory is all there is, and the reply says why.
 */
import type { HistoryReply } from '@lb/shared/admin-api/statistics';
import type { Clock } from '@lb/shared/time/clock';
import type { HistoryOutcome, HistoryQuestion } from '../admin/context.ts';
import type { Statistics } from '../traffic/statistics.ts';
import type { Part } from '../traffic/traffic.ts';
import { columnsOf, joined, newerThan, withoutBeginning } from './past-columns.ts';
import type { Persistence } from './persistence.ts';
import { PersistError } from './sample.ts';

/** Values of one reply. */
const MOST_VALUES = 10_000;

/** Without a step of its own, a reply has no more values than a chart has pixels. */
const CHART_VALUES = 1_500;

const NICE_STEPS = [1, 10, 60, 300, 900, 3_600, 21_600, 86_400] as const;
const DAY_SECONDS = 86_400;

type Range = Exclude<HistoryQuestion, { readonly seconds: number }>;

export interface PastOptions {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly statistics: Pick<Statistics, 'history'>;
  readonly persistence: Pick<Persistence, 'past' | 'intervalMs'>;
}

export class Past {
  readonly #options: PastOptions;

  constructor(options: PastOptions) {
    this.#options = options;
  }

  history(part: Part, asked: HistoryQuestion): Promise<HistoryOutcome> {
    return 'seconds' in asked ? this.#recent(part, asked.seconds) : this.#range(part, asked);
  }

  async #recent(part: Part, seconds: number): Promise<HistoryOutcome> {
    const { statistics, persistence } = this.#options;
    const memory = statistics.history(part, seconds);
    if (memory === undefined) return NO_PART;
    const { stepSeconds } = memory;
    const known = memory.requestsPerSecond.length;
    const count = Math.ceil(seconds / stepSeconds) - known;
    if (persistence.intervalMs === undefined || count <= 0) return { ok: true, reply: memory };
    const endMs = memory.end === null ? this.#nowMs() : Date.parse(memory.end);
    const older = { endMs: endMs - known * stepSeconds * 1_000, stepSeconds, count };
    try {
      const columns = withoutBeginning(await this.#read(part, older));
      const end = new Date(endMs).toISOString();
      return { ok: true, reply: { ...memory, ...joined(columns, memory), end } };
    } catch (error) {
      return { ok: true, reply: { ...memory, warning: reasonOf(error) } };
    }
  }

  async #range(part: Part, { fromMs, toMs, stepSeconds: given }: Range): Promise<HistoryOutcome> {
    const endMs = Math.min(toMs ?? Number.POSITIVE_INFINITY, this.#nowMs());
    const seconds = Math.ceil((endMs - fromMs) / 1_000);
    if (seconds <= 0) return refused('from: expected a time before "to", and before now');
    const stepSeconds = given ?? niceStep(seconds);
    const count = Math.ceil(seconds / stepSeconds);
    if (count > MOST_VALUES) return refused(`step: expected at most ${MOST_VALUES} steps`);
    const memory = this.#inMemory(part, fromMs, endMs);
    if (memory === undefined) return NO_PART;
    if (this.#options.persistence.intervalMs === undefined) return { ok: true, reply: memory };
    try {
      const columns = await this.#read(part, { endMs, stepSeconds, count });
      const end = new Date(endMs).toISOString();
      return { ok: true, reply: { stepSeconds, end, ...columns, warning: null } };
    } catch (error) {
      return { ok: true, reply: { ...memory, warning: reasonOf(error) } };
    }
  }

  /** What memory has of a range; its steps are as long as they are. */
  #inMemory(part: Part, fromMs: number, endMs: number): HistoryReply | undefined {
    const seconds = Math.ceil((this.#nowMs() - fromMs) / 1_000);
    const memory = this.#options.statistics.history(part, Math.min(seconds, DAY_SECONDS));
    return memory && newerThan(fromMs, endMs, memory);
  }

  /** Samples that are longer than a step stand for all steps that they cover. */
  async #read(
    part: Part,
    { endMs, stepSeconds, count }: { endMs: number; stepSeconds: number; count: number },
  ) {
    const { persistence } = this.#options;
    const { intervalMs = 1_000 } = persistence;
    const stepMs = stepSeconds * 1_000;
    const isFine = stepMs < intervalMs;
    const readMs = isFine ? intervalMs : stepMs;
    // The moments of samples are whole seconds; what was counted until a quarter past them is in them.
    const lastMs = isFine ? Math.floor(endMs / 1_000) * 1_000 : endMs;
    const readEndMs = isFine ? Math.ceil(lastMs / intervalMs) * intervalMs : endMs;
    const firstMs = lastMs - (count - 1) * stepMs;
    const steps = await persistence.past({
      part,
      endMs: readEndMs,
      stepMs: readMs,
      count: Math.floor((readEndMs - firstMs) / readMs) + 1,
    });
    const byBack = new Map(steps.map((step) => [step.back, step]));
    const found = Array.from({ length: count }, (_, place) =>
      byBack.get(Math.floor((readEndMs - firstMs - place * stepMs) / readMs)),
    );
    return columnsOf(found, part.route === undefined && part.pool === undefined);
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.wallMs() / 1_000) * 1_000;
  }
}

const NO_PART: HistoryOutcome = {
  ok: false,
  status: 404,
  message: 'there is no such route, pool or backend',
};

function refused(message: string): HistoryOutcome {
  return { ok: false, status: 400, message };
}

function niceStep(seconds: number): number {
  return NICE_STEPS.find((step) => seconds / step <= CHART_VALUES) ?? DAY_SECONDS;
}

/** Throws on what is a bug. */
function reasonOf(error: unknown): string {
  if (error instanceof PersistError) return `metrics.persist: ${error.message}`;
  throw error;
}
