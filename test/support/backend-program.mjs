/** A backend: answers with its name; /health 200; /slow?ms=N answers late; ws echoes. Arguments: name, port. */
import http from 'node:http';
import { WebSocketServer } from 'ws';

const [name, port] = process.argv.slice(2);
const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const url = new URL(request.url, 'http://backend');
  const answer = () => response.end(name);
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
