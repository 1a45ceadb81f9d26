/** Who a client connection works with: the request that it is busy with, and the listener that it belongs to. */
import type { ParseError } from '../../http1/parse-error.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { ListenerContext } from '../listener-context.ts';
import type { ClientConnection } from './client-connection.ts';

/** What a connection tells the request that it is busy with. */
export interface ConnectionUser {
  /** A piece of the body: a view, valid only during the call. */
  onBody(buffer: Buffer, start: number, end: number): void;
  /** The body is complete. Names and values of trailers in turn. */
  onBodyEnd(trailers: readonly string[]): void;
  /** The rest of the body cannot be read. */
  onMalformed(error: ParseError): void;
  /** The client takes more after `isFull`. */
  onWritable(): void;
  /** The answer is out whole: the connection is done with this request. */
  onAnswered(): void;
  /** The client is gone, or was cut, before that. */
  onGone(): void;
}

/** Who answers the requests of a connection. */
export interface ConnectionOwner extends ListenerContext {
  /** The limits of a head, for new connections. */
  readonly sectionLimits: { readonly maxHeadBytes: number; readonly maxFields: number };
  /** On the monotonic clock, as of the last look at deadlines. */
  readonly coarseNowMs: number;
  /** Sees to it that the connection gets a user. */
  onRequest(connection: ClientConnection, head: RequestHead): void;
  /** What came is no request: sees to it that the connection gets a user that says so. */
  onUnreadable(connection: ClientConnection, error: ParseError | 'too_slow'): void;
  onClosed(connection: ClientConnection): void;
}
