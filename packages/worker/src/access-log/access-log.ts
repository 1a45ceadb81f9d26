/** One line per request that is over, in the format that the file asks for. */
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { LineBuffer } from './line-buffer.ts';
import { type LineFormat, lineFormat } from './line-format.ts';
import type { LogSink } from './log-sink.ts';

export class AccessLog {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sink: LogSink;
  readonly #line = new LineBuffer();
  /** undefined when there is no access log. */
  #format: LineFormat | undefined;
  #sample = 1;

  constructor(sink: LogSink, clock: Clock, random: Random) {
    this.#sink = sink;
    this.#clock = clock;
    this.#random = random;
  }

  configure(config: Config['log']['access']): void {
    this.#format = config.enabled ? lineFormat(config) : undefined;
    this.#sample = config.sample;
    this.#sink.open(config.enabled ? config.path : undefined);
  }

  /** Sampling never drops an error. */
  write(exchange: Exchange, ending: Ending): void {
    if (this.#format === undefined) return;
    if (this.#sample < 1 && !ending.hasFailed && this.#random() >= this.#sample) return;
    const line = this.#line;
    line.begin();
    this.#format.write(line, exchange, ending, this.#clock.wallMs());
    line.end();
    this.#sink.write(line);
  }
}
