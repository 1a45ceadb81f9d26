/** Sends an answer of the balancer's own on a request's response. */
import type { Exchange } from './exchange.ts';
import { type Reply, renderReply } from './reply.ts';
import type { Services } from './services.ts';

/** A client that still sends gets this long to stop before its connection is closed on it. */
const LINGER_MS = 2_000;

/** And this much of what it sends is read and thrown away. */
const LINGER_BYTES = 1024 * 1024;

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
  const closes = reply.closes || services.isDraining() || isUnread;
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
  if (isUnread) linger(exchange, body);
  else response.end(body);
}

function hasBody({ request }: Exchange): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > 0
  );
}

/** The answer and the end of our side go out at once; what the client still sends is read until it has seen them. */
function linger(exchange: Exchange, body: Buffer): void {
  const { request, response, connection } = exchange;
  const { socket } = connection;
  let read = 0;
  exchange.isAnswered = true;
  response.write(body);
  response.flushHeaders();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > LINGER_BYTES) socket.destroy();
  });
  request.once('end', () => socket.destroy());
  request.resume();
}
