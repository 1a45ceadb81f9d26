/**
 * Spans on their way to a collector: in batches, one under way at a time, and only so many that wait. Whoever hands one over waits
 * for nothing, and what there is no room for is dropped and counted.
 *
 *     take ──▶ waiting ── 512, or 5 s ──▶ post ──▶ taken │ refused: dropped │ later: again, a few times, then dropped
 */
import type { Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { backoffMs } from '../forward/backoff.ts';
import type { TraceMetrics } from '../metrics/trace-metrics.ts';
import type { Collector, Verdict } from './collector.ts';

/** Spans that wait or are under way; about 2 MB. */
const MOST_SPANS = 2_048;
const BATCH_SPANS = 512;
const INTERVAL_MS = 5_000;

/** After that, what comes newly is worth more. */
const MOST_TRIES = 5;
const BACKOFF = { base: 2_000, max: 30_000 };
const LONGEST_PAUSE_MS = 60_000;

const COMMA = Buffer.from(',');

export interface ExporterSetup<Span> {
  readonly collector: Pick<Collector, 'address' | 'post' | 'close'>;
  /** Writes a span, as an element of a JSON array. */
  readonly write: (span: Span) => string;
  /** JSON around the spans of a batch. */
  readonly envelope: readonly [before: string, after: string];
  readonly metrics: TraceMetrics;
  readonly random: Random;
  readonly log: Logger;
}

export class Exporter<Span> {
  readonly #setup: ExporterSetup<Span>;
  #waiting: Buffer[] = [];
  #underWay = 0;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endPause: (() => void) | undefined;
  #isClosing = false;
  /** It was said that the collector takes nothing. */
  #isOut = false;

  constructor(setup: ExporterSetup<Span>) {
    this.#setup = setup;
  }

  /** Takes a span. One that there is no room for costs nothing more: many requests fail at once, if any. */
  take(span: Span): void {
    const { metrics, write } = this.#setup;
    if (this.#isClosing || this.#waiting.length + this.#underWay >= MOST_SPANS) {
      metrics.count('dropped', 1);
      return;
    }
    // As bytes: a string that was put together holds on to all its pieces.
    this.#waiting.push(Buffer.from(write(span)));
    this.#arm();
  }

  /** Sends what there is, once, without waiting for a collector that is away. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#endPause?.();
    await this.#sending;
    while (this.#waiting.length > 0) await this.#deliver(this.#waiting.splice(0, BATCH_SPANS));
    this.#setup.collector.close();
  }

  #arm(): void {
    if (this.#sending !== undefined) return;
    if (this.#waiting.length >= BATCH_SPANS) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), INTERVAL_MS).unref();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#send();
  }

  async #send(): Promise<void> {
    // Not in the middle of a request.
    await new Promise((resolve) => setImmediate(resolve));
    do await this.#deliver(this.#waiting.splice(0, BATCH_SPANS));
    while (this.#waiting.length >= BATCH_SPANS && !this.#isClosing);
    this.#sending = undefined;
    if (this.#waiting.length > 0 && !this.#isClosing) this.#arm();
  }

  async #deliver(spans: readonly Buffer[]): Promise<void> {
    const { collector, envelope, metrics } = this.#setup;
    this.#underWay = spans.length;
    const pieces = spans.flatMap((span, i) => (i === 0 ? [span] : [COMMA, span]));
    const body = Buffer.concat([Buffer.from(envelope[0]), ...pieces, Buffer.from(envelope[1])]);
    let verdict = await collector.post(body);
    for (let tries = 1; verdict.kind === 'later' && tries < MOST_TRIES; tries++) {
      this.#tell(verdict);
      if (this.#isClosing) break;
      await this.#pause(verdict.afterMs ?? this.#backoffMs(tries));
      verdict = await collector.post(body);
    }
    this.#underWay = 0;
    this.#tell(verdict);
    const taken = verdict.kind === 'taken' ? Math.max(0, spans.length - verdict.rejected) : 0;
    metrics.count('exported', taken);
    metrics.count('dropped', spans.length - taken);
  }

  /** Half of it is fixed: a random pause may be none at all. */
  #backoffMs(tries: number): number {
    const { base, max } = BACKOFF;
    const half = { base: base / 2, max: max / 2 };
    return backoffMs(half, tries - 1, () => 1) + backoffMs(half, tries - 1, this.#setup.random);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, LONGEST_PAUSE_MS)).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Once when it begins to go wrong, and once when it is well again. */
  #tell(verdict: Verdict): void {
    const { log, collector } = this.#setup;
    const isWell = verdict.kind === 'taken' && verdict.rejected === 0;
    if (isWell !== this.#isOut) return;
    this.#isOut = !isWell;
    const { address } = collector;
    if (isWell) log.info({ collector: address }, 'traces are exported again');
    else log.warn({ collector: address, reason: verdict.reason }, 'traces cannot be exported');
  }
}
