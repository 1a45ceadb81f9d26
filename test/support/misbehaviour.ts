/**
 * How a backend can break HTTP, and what a client must see of it. A row's bytes are the answer to one request; before it and
 * behind it the backend behaves.
 */
import type { RawPeer } from './raw-peer.ts';

/** What a client must see: a whole answer, or one that cannot be taken for whole. */
export type Expected =
  | { readonly kind: 'whole'; readonly status: number; readonly body: string }
  /** The balancer's own answer, with this reason in Proxy-Status. */
  | { readonly kind: 'refused'; readonly status: 502 | 504; readonly reason: string }
  /** Where the fault came together with the head, it may still be refused. */
  | { readonly kind: 'cut' };

/** How a script's bytes go out. */
export type Sending = (peer: RawPeer, bytes: string) => Promise<void>;

export interface MisbehavingBackend {
  readonly name: string;
  readonly expected: Expected;
  /** Latin-1. */
  readonly bytes: string;
  /** Comes behind the bytes; without it the connection stays as it is. */
  readonly last?: 'FIN' | 'RST';
  /** Begins with the connection, not with the request. */
  readonly isUnasked?: boolean;
  /** The connection has carried a request before. */
  readonly isKept?: boolean;
  /** Sent when the client has its answer, with the connection idle. */
  readonly later?: string;
  /** Default: GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST';
  /** How much of a request body of 100,000 bytes comes before the answer. */
  readonly bodyBytes?: number;
  /** What the byte-by-byte rows leave out: too long, or what comes behind the answer would race the next request. */
  readonly isOnePiece?: boolean;
  /** Other keys of the pool. */
  readonly pool?: object;
  /** What the engine http-proxy-3 does instead, and why that is so. */
  readonly inHttpProxy3?: { readonly expected: Expected; readonly because: string };
}

/** Does what the row says on a connection, then behaves. */
export function misbehave(
  row: MisbehavingBackend,
  send: Sending,
): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    if (row.isKept === true && (await peer.takeMessage()) !== undefined)
      peer.send(wellAnswer('warm'));
    if (row.isUnasked !== true) await takeRequest(peer, row.bodyBytes);
    await send(peer, row.bytes);
    if (row.last === 'FIN') peer.end();
    else if (row.last === 'RST') peer.reset();
    else await behave(peer);
  };
}

/** Answers every request with its query, so that no answer can stand for another. */
export async function behave(peer: RawPeer): Promise<void> {
  for (;;) {
    const request = await peer.takeMessage();
    if (request === undefined) break;
    peer.send(wellAnswer(/\?(\w+)/.exec(request.startLine)?.[1] ?? 'nothing'));
  }
  peer.end();
}

/** Until it has gone out: a reset would take the rest with it. */
export async function inOnePiece(peer: RawPeer, bytes: string): Promise<void> {
  if (bytes === '') return;
  await new Promise<void>((resolve) => {
    peer.socket.write(bytes, 'latin1', () => setImmediate(resolve));
  });
}

/** Each byte in a packet of its own. */
export async function byteByByte(peer: RawPeer, bytes: string): Promise<void> {
  peer.socket.setNoDelay(true);
  for (const byte of bytes.split('')) await inOnePiece(peer, byte);
}

function wellAnswer(query: string): string {
  const body = `well ${query}`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** @param bodyBytes wait for so many of a body that does not come whole */
async function takeRequest(peer: RawPeer, bodyBytes: number | undefined): Promise<void> {
  if (bodyBytes === undefined) {
    await peer.takeMessage();
    return;
  }
  await peer.takeHead();
  await peer.until(({ bytes }) => bytes.length >= bodyBytes, 'the beginning of the body');
}

/** An answer that is cut. */
export const CUT: Expected = { kind: 'cut' };
/** What is no answer is refused. */
export const MALFORMED: Expected = { kind: 'refused', status: 502, reason: 'protocol_error' };
/** No answer came. */
export const LOST: Expected = { kind: 'refused', status: 502, reason: 'reset' };
/** The answer passes. */
export const whole = (body: string, status = 200): Expected => ({ kind: 'whole', status, body });

/** A 200 with these fields. */
export const answer = (fields: string, body = 'ok'): string =>
  `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;
/** A whole one. */
export const OK = answer('Content-Length: 2');
/** The head of one in chunks. */
export const CHUNKED = answer('Transfer-Encoding: chunked', '');

/** Keys of a pool whose backends may not be silent between two pieces of a body. */
export const SHORT_IDLE = { timeouts: { idle: '100ms' } };
