/** What the primary may ask a worker about requests, and what it is told. */
import type { ExplainReply, ExplainRequest, PastRequestReply } from '../admin-api/explain.ts';

export type Question =
  | {
      /** What would become of this request? */
      readonly kind: 'explain';
      readonly request: ExplainRequest;
    }
  | {
      /** Which requests went wrong, or were slow? */
      readonly kind: 'requests';
    };

export type Answer =
  | { readonly kind: 'explained'; readonly reply: ExplainReply }
  | {
      /** The request cannot be one; why, in words. */
      readonly kind: 'senseless';
      readonly message: string;
    }
  | { readonly kind: 'requests'; readonly requests: readonly PastRequestReply[] };
