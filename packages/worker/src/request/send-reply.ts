/** Sends an answer of the balancer's own on a request's response. */
import type { Exchange } from './exchange.ts';
import { readOff } from './read-off.ts';
import { type Reply, renderReply } from './reply.ts';
import type { Services } from './services.ts';

/**
 * A body that was not read is read off in measure: closed at once, the connection would be reset, and the client would lose
 * the answer it is about to read. After it the connection is not used again (a request hidden in the rest must not run).
 */
export function sendReply(exchange: Exchange, reply: Reply, services: Services): void {
  const { request, response, connection } = exchange;
  exchange.reason ??= reply.reason;
  if (response.headersSent || response.destroyed) return;
  const isUnread =
    !connection.isBroken &&
    !request.complete &&
    exchange.body?.isComplete !== true &&
    hasBody(exchange);
  const closes = reply.closes || connection.isEnding || isUnread;
  const { requestIdHeader } = services.runtime();
  const { headers, body } = renderReply(
    { ...reply, closes },
    request.headers.accept,
    requestIdHeader,
    exchange.id,
  );
  exchange.body?.stop();
  if (reply.closes || isUnread) connection.isClosing = true;
  response.writeHead(reply.status, headers);
  if (exchange.method !== 'HEAD') exchange.responseBytes = body.length;
  // An answer whose turn has not come (pipelining) has no socket yet, and those before it need theirs open.
  exchange.isAnswered = isUnread && response.socket !== null;
  if (exchange.isAnswered) linger(exchange, body);
  else response.end(body);
}

function hasBody({ request }: Exchange): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > 0
  );
}

/** The answer and the end of our side go out at once; what the client still sends is read until it has seen them. */
function linger({ request, response, connection: { socket } }: Exchange, body: Buffer): void {
  response.write(body);
  response.flushHeaders();
  socket.end();
  readOff(request, () => socket.destroy());
}
