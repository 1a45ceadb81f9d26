/**
 * Node's larger modules, loaded when they are first used. `import` of node:http in a module reads every name it exports, and
 * with WebSocket the whole of undici behind it: a fifth of the time that `lbctl version` took. node:tls is 4 MB of a worker
 * that never speaks it (Node 24.21). Unlike what `import()` gives, they are at hand when the call returns.
 */
import type http from 'node:http';
import type https from 'node:https';
import type tls from 'node:tls';

export function nodeHttp(): typeof http {
  return process.getBuiltinModule('node:http');
}

export function nodeHttps(): typeof https {
  return process.getBuiltinModule('node:https');
}

export function nodeTls(): typeof tls {
  return process.getBuiltinModule('node:tls');
}
