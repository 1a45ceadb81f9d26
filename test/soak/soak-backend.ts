/**
 * A backend of the soak: `node soak-backend.ts NAME PORT`. Sends its port and exits when the channel closes.
 *
 *     GET  /bytes?seed=S&size=N&chunked=1    that body
 *          &fresh=1                          it may be kept for an hour
 *     POST /bytes?seed=S&size=N              that body, and X-Received: the SHA-256 of what came
 *     GET  /health                           200
 *     Upgrade: websocket                     echo
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { bodyOf, makeBodies } from './bodies.ts';

const [, , , port = '0'] = process.argv;
const bodies = makeBodies();

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://backend');
  if (pathname === '/health') {
    response.end('ok');
    return;
  }
  const body = bodyOf(bodies, Number(searchParams.get('seed')), Number(searchParams.get('size')));
  if (searchParams.get('chunked') !== '1') response.setHeader('Content-Length', body.length);
  if (searchParams.get('fresh') === '1') response.setHeader('Cache-Control', 'max-age=3600');
  const received = createHash('sha256');
  request.on('data', (chunk: Buffer) => received.update(chunk));
  request.once('end', () => {
    response.setHeader('X-Received', received.digest('hex'));
    // In two pieces: one alone would be sent with a length.
    response.write(body.subarray(0, body.length / 2));
    response.end(body.subarray(body.length / 2));
  });
});
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});
server.listen(Number(port), '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.once('disconnect', () => process.exit());
