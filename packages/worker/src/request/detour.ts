/** A way of an answer that does not lead straight to the client: it is held back for a while, or goes through a cache. */
import type { FailureCode } from '@lb/shared/errors/reasons';

export interface Detour {
  /** Nobody reads it, waits for it or keeps it, when the client has left. */
  readonly isInVain: boolean;
  /** The client has the head. Returns true when what is still to come goes straight to it. */
  begun(): boolean;
  /** A piece of the body, valid only during the call. Returns false to be left alone. */
  take(buffer: Buffer, start: number, end: number): boolean;
  /** That was all for now. */
  flush(): void;
  /** The answer is complete. Names and values of trailers in turn. */
  end(trailers: readonly string[]): void;
  /** The rest will not come: what the client has must not look complete. */
  cut(code: FailureCode): void;
  /** The client takes more. */
  resume(): void;
  /** The client is gone. */
  leave(): void;
}
