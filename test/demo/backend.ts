/**
 * One demo backend: `node backend.ts NAME PORT [HOST]`. Says its port on its IPC channel when it listens, and exits
 * when that closes, so that it never outlives the demo.
 *
 *     /health   200      /slow   answers after 3 s      /headers   what it was sent, as JSON      else   name and pid
 */
import { createServer } from 'node:http';

const SLOW_MS = 3_000;
const [, , name = 'backend', port = '0', host = '127.0.0.1'] = process.argv;

const server = createServer((request, response) => {
  const answer = (type: string, body: string): void => {
    response.writeHead(200, { 'content-type': type, 'x-backend': name }).end(body);
  };
  const text = `${name}, pid ${process.pid}\n`;
  switch (request.url?.split('?')[0]) {
    case '/health':
      answer('text/plain', 'ok\n');
      return;
    case '/slow': {
      const timer = setTimeout(() => answer('text/plain', text), SLOW_MS);
      response.once('close', () => clearTimeout(timer));
      return;
    }
    case '/headers':
      answer('application/json', `${JSON.stringify(request.headers, null, 2)}\n`);
      return;
    default:
      answer('text/plain', text);
  }
});

server.listen(Number(port), host, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.once('disconnect', () => process.exit(0));
// The terminal's Ctrl-C reaches every process of the group; the demo decides when its backends go.
process.on('SIGINT', () => undefined);
