/** Node's own server with its answers at hand: what a hit of a cache can be compared with. Path and answer are /cached/1k or 100k. */
import { createServer } from 'node:http';

const [port] = process.argv.slice(2);
const bodies = new Map([1, 100].map((kib) => [`/cached/${kib}k`, Buffer.alloc(kib * 1024, 'x')]));

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const body = bodies.get(request.url);
  if (body === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
  response.end(body);
}).listen(Number(port), '127.0.0.1', 4096);
