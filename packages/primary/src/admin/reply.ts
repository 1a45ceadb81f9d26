/** What a handler answers, and how it is written: every answer of the admin server goes through `send`. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { ErrorReply } from '@lb/shared/admin-api/contract';

/** An answer with a whole body; event-streams.ts has those that go on. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client that takes no byte of its answer for this long is cut off. */
const WRITE_STALL_MS = 20_000;

/**
 * Nothing here may be framed, cached, sniffed or run: answers are for programs.
 * @see https://www.w3.org/TR/CSP3/ (frame-ancestors does not fall back to default-src)
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** JSON, with a line feed at its end for the terminal. */
export function json(status: number, value: unknown, headers: Reply['headers'] = {}): Reply {
  const body = `${JSON.stringify(value)}\n`;
  return { status, contentType: 'application/json; charset=utf-8', body, headers };
}

/** Whoever asks for JSON where there is a stream gets what there is, and no stream. */
export function wantsJson({ accept = '' }: IncomingHttpHeaders): boolean {
  return /^application\/json\b/i.test(accept);
}

/** A refusal: `{"error": "..."}`. */
export function refusal(status: number, error: string, headers: Reply['headers'] = {}): Reply {
  return json(status, { error } satisfies ErrorReply, headers);
}

/** Plain text; a line feed is added. */
export function text(status: number, line: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n` };
}

/** Writes the answer; the length is right for HEAD too, where Node leaves the body out. */
export function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return;
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  response.setTimeout(WRITE_STALL_MS);
  response.writeHead(reply.status, {
    ...SECURITY_HEADERS,
    'Content-Type': reply.contentType,
    'Content-Length': body.length,
    ...reply.headers,
  });
  response.end(body);
}

/** An answer that is made while it is sent. */
export interface PiecesReply {
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes it as fast as the client takes it; whatever else is to be done gets a turn after each piece. */
export async function sendPieces(response: ServerResponse, reply: PiecesReply): Promise<void> {
  response.setTimeout(WRITE_STALL_MS);
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'Content-Type': reply.contentType,
    ...reply.headers,
  });
  const pieces = response.req.method === 'HEAD' ? [] : reply.pieces;
  for await (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) await turn();
    else await writable(response);
  }
  response.end();
}

/** Resolves when the client has taken what was written, or went away. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
