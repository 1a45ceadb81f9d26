/** Ids of traces and spans: random, so that no two in the world are the same, and that a share of them is a share of all requests. */
import { randomFillSync } from 'node:crypto';

/** Drawn at once: a call for each id would cost more than all the rest of a trace that is not sampled. */
const BYTES_PER_DRAW = 2_048;

const TRACE_ID_LENGTH = 32;
const SPAN_ID_LENGTH = 16;

export class TraceIds {
  readonly #bytes = Buffer.alloc(BYTES_PER_DRAW);
  #drawn = '';
  #used = 0;

  /** 32 digits of hex. */
  nextTraceId(): string {
    return this.#take(TRACE_ID_LENGTH);
  }

  /** 16 digits of hex. */
  nextSpanId(): string {
    return this.#take(SPAN_ID_LENGTH);
  }

  #take(length: number): string {
    if (this.#used + length > this.#drawn.length) {
      this.#drawn = randomFillSync(this.#bytes).toString('hex');
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#drawn.slice(start, this.#used);
  }
}
