/** What the way of a request to a backend and back has to know of a cache. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import type { Reply } from '../request/reply.ts';
import type { Fill } from './fill.ts';

/**
 * What happens to the answer of a backend: it goes to the client as it is (`pass`), or into a fill, which the client reads
 * along; or the client was `answered` with what is stored, and nobody wants it; or the backend is to be asked `again`.
 */
export type CachingVerdict = 'pass' | 'answered' | 'again' | Fill;

export interface Caching {
  /** The answer is wanted even when the client has left. */
  readonly outlivesClient: boolean;
  /** The field lines for the backend, of those that it would get without a cache. */
  requestLines(lines: string): string;
  /** The head of the answer that the client is to get. @param delayMs from the try to it @param nowMs on the monotonic clock */
  onAnswer(answer: UpstreamAnswer, delayMs: number, nowMs: number): CachingVerdict;
  /** No backend answered. Returns true when the client was answered with what is stored. @param reply what it gets otherwise */
  onFailure(reply: Reply): boolean;
  /** No answer will come, or not to its end. */
  abandon(): void;
}
