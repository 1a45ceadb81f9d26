/** Begins the traces of requests by what a configuration says. */
import type { RequestHead } from '../request/request-head.ts';
import { TRACEPARENT, TRACESTATE } from '../http1/field-names.ts';
import { compileRatio } from './ratio.ts';
import { Trace, type TraceTools } from './trace.ts';
import { parseTraceparent, SAMPLED } from './traceparent.ts';
import { validTracestate } from './tracestate.ts';

export class Tracer {
  readonly #tools: TraceTools;
  readonly #samples: (traceId: string) => boolean;

  /** @param share of the traces that begin here which are sampled, from 0 to 1 */
  constructor(tools: TraceTools, share: number) {
    this.#tools = tools;
    this.#samples = compileRatio(share);
  }

  /** Goes on with the trace of the client, sampled as the client says, or begins one. @param head undefined for one that could not be read */
  begin(head: RequestHead | undefined): Trace {
    const given = head?.lines.valueOf(TRACEPARENT);
    const parent = given === undefined ? undefined : parseTraceparent(given);
    if (parent === undefined) {
      const traceId = this.#tools.ids.nextTraceId();
      const isSampled = this.#samples(traceId);
      return new Trace(this.#tools, { traceId, parent, isSampled, state: undefined });
    }
    const state = head?.lines.valueOf(TRACESTATE);
    return new Trace(this.#tools, {
      traceId: parent.traceId,
      parent,
      isSampled: (parent.flags & SAMPLED) !== 0,
      state: state === undefined ? undefined : validTracestate(state),
    });
  }
}
