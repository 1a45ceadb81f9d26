/** What the primary may ask a worker about requests, and what it is told. */
import type { ExplainReply, ExplainRequest, PastRequestReply } from '../admin-api/explain.ts';
import type { Purge } from '../model/purge.ts';

export type Question =
  | {
      /** What would become of this request? */
      readonly kind: 'explain';
      readonly request: ExplainRequest;
    }
  | {
      /** Which requests went wrong, or were slow? */
      readonly kind: 'requests';
    }
  | {
      /** Throw these out of the caches; none to be told only what there is. */
      readonly kind: 'purge';
      readonly purges: readonly (Purge | 'everything')[];
    };

export type Answer =
  | { readonly kind: 'explained'; readonly reply: ExplainReply }
  | {
      /** The request cannot be one; why, in words. */
      readonly kind: 'senseless';
      readonly message: string;
    }
  | { readonly kind: 'requests'; readonly requests: readonly PastRequestReply[] }
  | {
      /** Done: what was purged is used no more. */
      readonly kind: 'purged';
      /** So many answers were thrown out. */
      readonly count: number;
      /** So many there are, by cache. */
      readonly stored: Readonly<Record<string, number>>;
    };
