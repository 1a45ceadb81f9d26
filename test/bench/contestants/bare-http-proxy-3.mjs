/** The least that a program on http-proxy-3 does: keep-alive, round robin, nothing else. Arguments: port, host:port ... */
import http from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, ...backends] = process.argv.slice(2);
const agent = new http.Agent({
  keepAlive: true,
  maxSockets: 1024,
  maxFreeSockets: 256,
  scheduling: 'lifo',
});
const targets = backends.map((backend) => new URL(`http://${backend}`));
const proxy = createProxyServer({ agent, xfwd: true });
proxy.on('error', (_error, _request, response) => response.destroy());
let next = 0;
http
  .createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    next = (next + 1) % targets.length;
    proxy.web(request, response, { target: targets[next] });
  })
  .listen(Number(port), '127.0.0.1', 4096);
