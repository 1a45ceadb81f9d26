/** A step that a request passes before it is forwarded, and that may end it with an answer. There is no `next()`. */
import type { Exchange } from '../request/exchange.ts';
import type { Reply } from '../request/reply.ts';

export interface Stage {
  readonly name: string;
  /** Returns an answer to end the request, or undefined to let it pass. A promise only where there is something to wait for. */
  admit(exchange: Exchange): Reply | undefined | Promise<Reply | undefined>;
}
