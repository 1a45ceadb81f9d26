/**
 * http-proxy-3, and the agent of node:http that it works with, loaded when a request first takes them: most workers carry no
 * tunnel, and are 6 MB smaller without.
 *
 * By `require`, which has the module when it returns; a try could not begin before `import()` had. And `import` runs every getter
 * of node:http, one of which loads undici: 18 MB in place of 4 (Node 24.21).
 */
import type http from 'node:http';
import { createRequire } from 'node:module';
import type * as httpProxy3 from 'http-proxy-3';

const load = createRequire(import.meta.url);

/** A proxy; its calls are to bring their own callback for errors. */
export function newProxy(): httpProxy3.ProxyServer {
  const { ProxyServer } = load('http-proxy-3') as typeof httpProxy3;
  const proxy: httpProxy3.ProxyServer = new ProxyServer({});
  // The library throws errors that find no listener at all.
  proxy.on('error', () => undefined);
  return proxy;
}

/** An agent as `new http.Agent` makes it. */
export function newAgent(options: http.AgentOptions): http.Agent {
  const { Agent } = load('node:http') as typeof http;
  return new Agent(options);
}
