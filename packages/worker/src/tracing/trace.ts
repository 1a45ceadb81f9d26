/**
 * What is known of a request for its trace: ids, whether it is sampled, and the spans below its own. It is kept of every request
 * while tracing is on, because one that goes wrong is exported whether it was sampled or not.
 *
 *     begin ──▶ tries, calls of the store: begin ─ end ──▶ finish ──▶ exported: sampled, or gone wrong
 *                                                            └──────▶ forgotten
 */
import type { Clock } from '@lb/shared/time/clock';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import type { ChildSpan } from './child-span.ts';
import { requestSpan } from './request-span.ts';
import type { Span, TraceContext } from './span.ts';
import { StoreSpan } from './store-span.ts';
import type { TraceIds } from './trace-ids.ts';
import { formatTraceparent, RANDOM, SAMPLED, type Traceparent } from './traceparent.ts';
import { type TryKind, type TrySetup, TrySpan } from './try-span.ts';

/** What every trace needs. */
export interface TraceTools {
  readonly ids: TraceIds;
  readonly clock: Clock;
  /** What the store is called in spans. */
  readonly storeName: string;
  /** Takes a span that is to be exported. */
  readonly take: (span: Span) => void;
}

export interface TraceSetup {
  readonly traceId: string;
  /** undefined when the trace begins here. */
  readonly parent: Traceparent | undefined;
  readonly isSampled: boolean;
  /** The client's, where it is valid. */
  readonly state: string | undefined;
}

export class Trace implements TraceContext {
  /** 32 digits of hex. */
  readonly traceId: string;
  readonly flags: number;
  readonly state: string | undefined;
  /** Of the request's own span; 16 digits of hex. */
  readonly spanId: string;
  readonly #tools: TraceTools;
  readonly #parentId: string | undefined;
  #children: ChildSpan[] = [];
  #isFinished = false;
  #isExported = false;

  constructor(tools: TraceTools, { traceId, parent, isSampled, state }: TraceSetup) {
    this.#tools = tools;
    this.traceId = traceId;
    this.spanId = tools.ids.nextSpanId();
    this.#parentId = parent?.spanId;
    const isRandom = parent === undefined ? RANDOM : parent.flags & RANDOM;
    this.flags = (isSampled ? SAMPLED : 0) | isRandom;
    this.state = state;
  }

  /** What a backend is told, each line with its CR LF. @param spanId of the try */
  linesFor(spanId: string): string {
    const traceparent = formatTraceparent({ traceId: this.traceId, spanId, flags: this.flags });
    const state = this.state === undefined ? '' : `tracestate: ${this.state}\r\n`;
    return `traceparent: ${traceparent}\r\n${state}`;
  }

  /** A try begins. It may outlive the request: then it is exported when it ends. */
  beginTry(kind: TryKind, setup: TrySetup): TrySpan {
    const span = new TrySpan(this, kind, setup);
    this.#children.push(span);
    return span;
  }

  /** Something is asked of the store. */
  beginStoreCall(operation: string): StoreSpan {
    const span = new StoreSpan(this, operation, this.#tools.storeName);
    this.#children.push(span);
    return span;
  }

  nextSpanId(): string {
    return this.#tools.ids.nextSpanId();
  }

  nowMs(): number {
    return this.#tools.clock.monotonicMs();
  }

  /** Called by a span below, once. */
  ended(span: ChildSpan): void {
    if (this.#isFinished && this.#isExported) this.#exportChild(span);
  }

  /** The request is over. */
  finish(exchange: Exchange, ending: Ending): void {
    this.#isFinished = true;
    this.#isExported = (this.flags & SAMPLED) !== 0 || ending.hasFailed;
    const children = this.#children;
    this.#children = [];
    if (!this.#isExported) return;
    const { startedMs } = exchange;
    this.#tools.take({
      context: this,
      kind: 'server',
      content: requestSpan(exchange, ending),
      spanId: this.spanId,
      parentId: this.#parentId,
      isParentRemote: this.#parentId !== undefined,
      startedMs,
      endedMs: startedMs + ending.totalMs,
    });
    for (const child of children) if (child.isOver) this.#exportChild(child);
  }

  #exportChild(child: ChildSpan): void {
    this.#tools.take({
      context: this,
      kind: 'client',
      content: child.content,
      spanId: child.spanId,
      parentId: this.spanId,
      isParentRemote: false,
      startedMs: child.startedMs,
      endedMs: child.endedMs,
    });
  }
}
