/** node:tls, loaded when TLS is first spoken: a worker that never does is 4 MB smaller without (Node 24.21). */
import type tls from 'node:tls';

/** The module, at hand when it returns, unlike that of `import()`. */
export function nodeTls(): typeof tls {
  return process.getBuiltinModule('node:tls');
}
