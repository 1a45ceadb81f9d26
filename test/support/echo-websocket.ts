/** A WebSocket backend that sends back what it gets. */
import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

export interface EchoBackend extends AsyncDisposable {
  readonly url: string;
  /** Open connections, upgraded or not. */
  readonly openSockets: number;
  /** Connections that were ever made to it. */
  readonly acceptedSockets: number;
}

export async function echoWebSocket(): Promise<EchoBackend> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (_request, response) =>
    response.end('plain'),
  );
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    accepted += 1;
    socket.on('close', () => open.delete(socket));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (peer) => {
    peer.on('message', (message, isBinary) => peer.send(message as Buffer, { binary: isBinary }));
    peer.on('error', () => peer.terminate());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    get openSockets() {
      return open.size;
    },
    get acceptedSockets() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      for (const peer of sockets.clients) peer.terminate();
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A client that is connected through the balancer. */
export async function openWebSocket(port: number, path = '/'): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  await once(client, 'open');
  return client;
}

/** Sends a message and waits for the next that comes. */
export async function roundTrip(client: WebSocket, message: string | Buffer): Promise<Buffer> {
  const answered = once(client, 'message') as Promise<[Buffer]>;
  client.send(message);
  return (await answered)[0];
}
