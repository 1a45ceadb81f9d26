/** Small programs to compare with: what http-proxy-3 costs by itself, and what Node costs at least. */
import { fileURLToPath } from 'node:url';
import { type Contestant, USUAL_BACKENDS } from './contestant.ts';

/** The least that a program on http-proxy-3 does. */
export const bareHttpProxy3 = nodeProgram('http-proxy-3', 'bare-http-proxy-3.mjs');

/** Raw sockets on both sides; for small answers alone. */
export const rawSockets = nodeProgram('raw-sockets', 'raw-sockets.mjs');

/** Answers by itself; for cached answers alone. */
export const nodeHello = nodeProgram('node-hello', 'node-hello.mjs');

function nodeProgram(name: string, program: string): Contestant {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return {
    name,
    isNode: true,
    backends: USUAL_BACKENDS,
    command: ({ port, backends }) => ({
      file: process.execPath,
      args: [path, String(port), ...backends],
    }),
  };
}
