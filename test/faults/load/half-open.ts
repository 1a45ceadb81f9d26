/**
 * Clients that are about to vanish: `node half-open.ts HOST PORT COUNT`. Each kind opens COUNT connections: idle after an answer,
 * in the middle of a head, in the middle of a body, in the middle of an answer. Sends a message when all are there.
 */
import { once } from 'node:events';
import net from 'node:net';

const [, , host = '', port = '', count = ''] = process.argv;
const POST = `POST /?id=1&bytes=100 HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n\r\nhalf`;
const KINDS: readonly (readonly [request: string, hasAnswer: boolean])[] = [
  [`GET /?id=2&bytes=100 HTTP/1.1\r\nHost: ${host}\r\n\r\n`, true],
  [`GET /?id=3&bytes=100 HTTP/1.1\r\nHost:`, false],
  [POST, false],
  [`GET /trickle?id=4&bytes=200000 HTTP/1.1\r\nHost: ${host}\r\n\r\n`, true],
];

await Promise.all(
  KINDS.flatMap((kind) => Array.from({ length: Number(count) }, () => open(...kind))),
);
process.send?.('open');

async function open(request: string, hasAnswer: boolean): Promise<void> {
  const socket = net.connect({ host, port: Number(port) });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(request);
  if (hasAnswer) await once(socket, 'data');
}
