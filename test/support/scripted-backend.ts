/** A backend that does exactly what a script says: bytes, pauses, FIN and RST, one script per connection. */
import { once } from 'node:events';
import net from 'node:net';
import { RawPeer } from './raw-peer.ts';

/** What the backend does on one connection. */
export type Script = (peer: RawPeer) => Promise<void> | void;

export interface ScriptedBackend extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** The connections so far, in their order. */
  readonly peers: readonly RawPeer[];
}

/**
 * The first connection gets the first script and so on; those that follow get the last. Disposing of it fails when a script
 * did.
 * @param path of a unix socket, instead of a port
 */
export async function scriptedBackend(
  scripts: Script | readonly [Script, ...Script[]],
  path?: string,
): Promise<ScriptedBackend> {
  const all = typeof scripts === 'function' ? [scripts] : scripts;
  const peers: RawPeer[] = [];
  const failures: unknown[] = [];
  const run = async (script: Script | undefined, peer: RawPeer): Promise<void> => {
    try {
      await script?.(peer);
    } catch (error) {
      failures.push(error);
    }
  };
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new RawPeer(socket);
    const script = all[Math.min(peers.length, all.length - 1)];
    peers.push(peer);
    void run(script, peer);
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    url: path === undefined ? `http://127.0.0.1:${port}` : `unix:${path}`,
    peers,
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.socket.destroy();
      server.close();
      await once(server, 'close');
      if (failures.length > 0) throw new AggregateError(failures, 'a script failed');
    },
  };
}

/** Answers every request on the connection with these bytes. */
export function answers(bytes: string): Script {
  return async (peer) => {
    while ((await peer.takeMessage()) !== undefined) peer.send(bytes);
    peer.end();
  };
}

/** Reads one request, sends these bytes and does nothing more. */
export function sends(bytes: string): Script {
  return async (peer) => {
    await peer.takeMessage();
    peer.send(bytes);
  };
}

/** Same, then closes its half. */
export function sendsAndEnds(bytes: string): Script {
  return async (peer) => {
    await peer.takeMessage();
    peer.end(bytes);
  };
}

/** Same, then resets the connection, once what was sent has gone out. */
export function sendsAndResets(bytes: string): Script {
  return async (peer) => {
    await peer.takeMessage();
    if (bytes === '') peer.reset();
    else peer.socket.write(bytes, 'latin1', () => setImmediate(() => peer.reset()));
  };
}

/** A whole answer with this body. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}
/** A port of this machine on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
