/** A step that a request passes before it is forwarded, and that may end it with an answer. There is no `next()`. */
import type { ExplainedStage } from '@lb/shared/admin-api/explain';
import type { DryRequest } from '../explain/dry-request.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Reply } from '../request/reply.ts';

/** An answer that ends the request, `answered` when the stage has sent one itself, or undefined to let it pass. */
export type Verdict = Reply | 'answered' | undefined;

/** What a stage would say, and why. */
export type StageVerdict = Pick<ExplainedStage, 'verdict' | 'because'>;

export interface Stage {
  readonly name: string;
  /** A promise only where there is something to wait for. */
  admit(exchange: Exchange): Verdict | Promise<Verdict>;
  /** What it would say now; a refusal and an answer begin with their status. Changes nothing, asks nobody. */
  explain?(request: DryRequest, nowMs: number): StageVerdict;
}
