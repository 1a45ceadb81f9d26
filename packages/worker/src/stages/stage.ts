/** A step that a request passes before it is forwarded, and that may end it with an answer. There is no `next()`. */
import type { ExplainedStage } from '@lb/shared/admin-api/explain';
import type { Exchange } from '../request/exchange.ts';
import type { KeyedRequest } from '../request/request-key.ts';
import type { Reply } from '../request/reply.ts';

/** What a stage would say, and why. */
export type StageVerdict = Pick<ExplainedStage, 'verdict' | 'because'>;

export interface Stage {
  readonly name: string;
  /** Returns an answer to end the request, or undefined to let it pass. A promise only where there is something to wait for. */
  admit(exchange: Exchange): Reply | undefined | Promise<Reply | undefined>;
  /** What it would say now. Changes nothing, asks nobody; absent where only a real request can tell. */
  explain?(request: KeyedRequest, nowMs: number): StageVerdict;
}
