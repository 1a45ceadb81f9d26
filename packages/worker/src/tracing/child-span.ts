/** A span below that of a request: something that was done on its behalf. */
import type { SpanContent } from './span.ts';
import type { Trace } from './trace.ts';

/** Begins when it is made. */
export abstract class ChildSpan {
  /** 16 digits of hex. */
  readonly spanId: string;
  /** On the monotonic clock, as all times of spans. */
  readonly startedMs: number;
  readonly #trace: Trace;
  #endedMs: number | undefined;
  #error: string | undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.spanId = trace.nextSpanId();
    this.startedMs = trace.nowMs();
  }

  /** What it says; asked when it is exported, which few are. */
  abstract get content(): SpanContent;

  get isOver(): boolean {
    return this.#endedMs !== undefined;
  }

  /** Of one that is over. */
  get endedMs(): number {
    return this.#endedMs ?? this.startedMs;
  }

  /** Why it came to nothing. */
  get error(): string | undefined {
    return this.#error;
  }

  nowMs(): number {
    return this.#trace.nowMs();
  }

  /** It came to nothing, and is over. */
  fail(error: string): void {
    this.#error = error;
    this.end();
  }

  /** It is over. A second call does nothing. */
  end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = this.#trace.nowMs();
    this.#trace.ended(this);
  }
}
