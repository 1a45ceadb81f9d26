/** What is answered when Node's parser gives up on a connection, in the order in which answers are due. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { type Origin, beginExchange, finishExchange } from '../request/exchange-lifecycle.ts';
import { type Reply, closingReply, renderRawReply } from '../request/reply.ts';
import type { Services } from '../request/services.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ListenerContext } from './listener-context.ts';

/** A client that does not read its answer is not waited for longer than this. */
const LINGER_MS = 1_000;

/** Called on `clientError`; the parser may raise it again for every packet that follows, so only the first counts. */
export function onClientError(
  error: Error & { readonly code?: string },
  connection: ClientConnection,
  listener: ListenerContext,
  services: Services,
): void {
  const { socket } = connection;
  if (connection.isBroken) return;
  connection.isBroken = true;
  if (connection.isClosing) return;
  connection.isClosing = true;
  // The connection is gone, or nothing ever came on it: there is nobody to answer.
  if (!socket.writable || error.code === 'ECONNRESET' || socket.bytesRead === 0) {
    socket.destroy();
    return;
  }
  const reply = replyFor(error.code ?? '');
  const { receiving } = connection;
  if (receiving === undefined) {
    const request = new IncomingMessage(socket);
    connection.whenIdle(() => replyRaw({ request, connection, listener }, reply, services));
    return;
  }
  // The body of a request under way went wrong: what the backend has of it must not look complete.
  receiving.interrupt(reply);
}

/** Writes an answer straight to the connection, for a message that has no http.ServerResponse, and closes. */
export function replyRaw(
  { request, connection, listener }: Omit<Origin, 'response'>,
  reply: Reply,
  services: Services,
): void {
  const { socket } = connection;
  connection.isClosing = true;
  const response = new ServerResponse(request);
  const { exchange } = beginExchange({ request, response, connection, listener }, services);
  const { requestIdHeader } = services.runtime();
  const bytes = renderRawReply(reply, requestIdHeader, exchange.id, services.clock.wallMs());
  exchange.reason = reply.reason;
  exchange.responseBytes = bytes.body;
  exchange.isAnswered = true;
  response.statusCode = reply.status;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearTimeout(timer);
    finishExchange(exchange, listener, services);
  });
  socket.on('error', () => socket.destroy());
  socket.end(bytes.message);
}

function replyFor(code: string): Reply {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return closingReply('headers_too_large', 'the request head is too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return closingReply('body_too_large', 'the chunk extensions are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return closingReply('request_timeout', 'the request head came too slowly');
    default:
      return closingReply('bad_request', 'malformed request');
  }
}
