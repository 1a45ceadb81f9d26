/**
 * The life of a request that asks for another protocol: the same route, stages, policy and retries as any other, and then,
 * when the backend agrees with 101, a tunnel of bytes.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientConnection } from '../server/client-connection.ts';
import type { ListenerContext } from '../server/listener-context.ts';
import { type ForwardingRoute, admit, refusalReply } from './admission.ts';
import type { Exchange } from './exchange.ts';
import { beginExchange, finishExchange } from './exchange-lifecycle.ts';
import { failInside } from './handle-request.ts';
import { relayResponse } from './relay-response.ts';
import type { Reply } from './reply.ts';
import { RequestBody } from './request-body.ts';
import { sendReply } from './send-reply.ts';
import type { Services } from './services.ts';
import type { Passage } from './passage.ts';
import { eachBackend } from './try-backends.ts';
import { upstreamRequest } from './upstream-request.ts';
import { WaitingClient } from './waiting-client.ts';

/** What node:http hands over on `upgrade`: `head` holds bytes that came behind the request's head already. */
export interface UpgradeArrival {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly connection: ClientConnection;
  readonly listener: ListenerContext;
}

/**
 * Whether an Upgrade is taken up at all; otherwise the field is dropped and the request served as a plain one. A body beside
 * an Upgrade would be read as the first bytes of the tunnel, h2c would pass every later request by the rules.
 */
export function takesUpgrade(request: IncomingMessage): boolean {
  const { headers } = request;
  if (request.method !== 'GET' || request.httpVersion !== '1.1') return false;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    return false;
  const protocol = headers.upgrade?.toLowerCase() ?? '';
  return (
    /^[\w!#$%&'*+.^`|~-]+(\/[\w.]+)?$/.test(protocol) &&
    protocol !== 'h2c' &&
    !protocol.startsWith('tls/')
  );
}

/** Answers one upgrade request, whatever happens. Never rejects. */
export async function handleUpgrade(arrival: UpgradeArrival, services: Services): Promise<void> {
  const { request, socket, head, connection, listener } = arrival;
  socket.on('error', () => socket.destroy());
  if (connection.isClosing) {
    socket.destroy();
    return;
  }
  // Until there is a tunnel an answer is written as to any other request; the connection ends with it in any case, so
  // bytes behind the head, which were meant for a tunnel, are never read as a request.
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  connection.isClosing = true;
  connection.isEnding = true;
  const { exchange, refused } = beginExchange(
    { request, response, connection, listener },
    services,
  );
  if (refused !== undefined) {
    sendReply(exchange, refusalReply(refused), services);
    return;
  }
  const client = new WaitingClient(socket, response, head);
  try {
    const admission = await admit(exchange, services);
    const reply =
      'reply' in admission
        ? admission.reply
        : await connect(exchange, admission.route, { ...arrival, client }, services);
    if (reply !== undefined) sendReply(exchange, reply, services);
  } catch (error) {
    failInside(exchange, error, services);
  }
}

interface WaitingArrival extends UpgradeArrival {
  readonly client: WaitingClient;
}

async function connect(
  exchange: Exchange,
  route: ForwardingRoute,
  arrival: WaitingArrival,
  services: Services,
): Promise<Reply | undefined> {
  const { request, socket } = arrival;
  const pool = route.action.choosePool();
  exchange.pool = pool;
  const body = new RequestBody(request, NO_BODY, services.clock, () => undefined);
  const passage = { exchange, route, pool, body, services };
  const asked = ['Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? ''];
  const outcome = await eachBackend(passage, (backend) => {
    const plain = upstreamRequest(passage, backend);
    const headers = [...plain.headers, ...asked];
    return services.tunnelOpener.open({ ...plain, headers, client: socket }, backend);
  });
  if ('reply' in outcome) return outcome.reply;
  if ('gone' in outcome) return undefined;
  const { answer, onEnd } = outcome;
  if (answer.kind === 'response') relayResponse(exchange, answer.response, onEnd);
  else startTunnel(passage, arrival, answer.start, onEnd);
  return undefined;
}

function startTunnel(
  { exchange, route, pool, services }: Passage,
  { socket, listener, client }: WaitingArrival,
  start: () => Socket,
  onEnd: () => void,
): void {
  const { backend, response } = exchange;
  if (backend === undefined) throw new Error('a tunnel has a backend');
  exchange.isTunnel = true;
  client.release();
  response.detachSocket(socket);
  response.statusCode = 101;
  const bytesBefore = socket.bytesWritten;
  socket.once('close', () => {
    exchange.responseBytes = socket.bytesWritten - bytesBefore;
    onEnd();
    finishExchange(exchange, listener, services);
  });
  const { metrics } = route;
  const idleMs = pool.config.timeouts.tunnel;
  services.tunnels.add({ client: socket, upstream: start(), backend, metrics, idleMs });
}

const NO_BODY = { maxBytes: 0, idleMs: 0, minBytesPerSecond: 0, bufferBytes: 0 };
