/** A backend: answers with its name; /slow?ms=N answers late; .../login sets a cookie; ws echoes. Arguments: name, port. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { WebSocketServer } from 'ws';

const [name, port] = process.argv.slice(2);
const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const url = new URL(request.url, 'http://backend');
  const answer = () => response.end(name);
  if (url.pathname.endsWith('/login')) {
    response.setHeader('Set-Cookie', `SESSION=${randomUUID()}; Path=/; HttpOnly`);
  }
  if (request.method !== 'GET') request.resume().once('end', answer);
  else if (url.pathname === '/slow') setTimeout(answer, Number(url.searchParams.get('ms')));
  else answer();
});
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(Number(port), '127.0.0.1', () => process.send(server.address().port));
// The test that started it may have died.
process.on('disconnect', () => process.exit());
