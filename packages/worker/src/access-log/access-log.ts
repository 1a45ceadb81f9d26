/**
 * One line per request that is over, in the format that the file asks for.
 *
 *     write* ── end of the turn of the event loop, or 64 of them ──▶ their lines, one after the other ──▶ sink
 *
 * In a loop a line costs half a microsecond; switching the log on cost a request seven and more, when each line was made by itself
 * in between everything else.
 */
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { LineBuffer } from './line-buffer.ts';
import { type LineFormat, lineFormat } from './line-format.ts';
import type { LogSink } from './log-sink.ts';

/** Requests whose lines are made together at most: more would outlive a collection of young objects. */
const MOST_WAITING = 64;

export class AccessLog {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sink: LogSink;
  readonly #line = new LineBuffer();
  /** undefined when there is no access log. */
  #format: LineFormat | undefined;
  #sample = 1;
  /** Requests that are over, and how they ended, in their order. */
  readonly #exchanges: Exchange[] = [];
  readonly #endings: Ending[] = [];
  readonly #flushLater = (): void => this.#flush();

  constructor(sink: LogSink, clock: Clock, random: Random) {
    this.#sink = sink;
    this.#clock = clock;
    this.#random = random;
  }

  configure(config: Config['log']['access']): void {
    this.#flush();
    this.#format = config.enabled ? lineFormat(config) : undefined;
    this.#sample = config.sample;
    this.#sink.open(config.enabled ? config.path : undefined);
  }

  /** Takes a request that is over: nothing of it changes any more. Sampling never drops an error. */
  write(exchange: Exchange, ending: Ending): void {
    if (this.#format === undefined) return;
    if (this.#sample < 1 && !ending.hasFailed && this.#random() >= this.#sample) return;
    if (this.#exchanges.length === 0) setImmediate(this.#flushLater);
    this.#exchanges.push(exchange);
    this.#endings.push(ending);
    if (this.#exchanges.length === MOST_WAITING) this.#flush();
  }

  /** Starts a new file at the same path, after the old one was moved away. */
  reopen(): void {
    this.#sink.reopen();
  }

  /** Resolves when all lines are written, or given up. */
  close(): Promise<void> {
    this.#flush();
    return this.#sink.close();
  }

  #flush(): void {
    const wallMs = this.#clock.wallMs();
    for (let at = 0; at < this.#exchanges.length; at++)
      this.#writeLine(this.#exchanges[at] as Exchange, this.#endings[at] as Ending, wallMs);
    this.#exchanges.length = 0;
    this.#endings.length = 0;
  }

  #writeLine(exchange: Exchange, ending: Ending, wallMs: number): void {
    const line = this.#line;
    line.begin();
    this.#format?.write(line, exchange, ending, wallMs);
    line.end();
    this.#sink.write(line);
  }
}
