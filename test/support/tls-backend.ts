/** Backends over TLS, and what can stand between them and the balancer. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { RequestListener } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket, TlsOptions } from 'node:tls';

export interface TlsBackend extends AsyncDisposable {
  readonly port: number;
  /** `https://127.0.0.1:port`. */
  readonly url: string;
  /** Handshakes that were completed, in their order. */
  readonly handshakes: readonly Handshake[];
  /** Requests that reached it. */
  readonly requests: readonly string[];
}

export interface Handshake {
  /** What SNI asked for; false for nothing. */
  readonly servername: string | false | undefined;
  readonly wasResumed: boolean;
  readonly protocol: string | false | null;
  /** The name of the client's certificate. */
  readonly client: string | undefined;
}

/** Answers `secure`, unless told otherwise; takes every Upgrade and sends back what it gets. */
export async function startTlsBackend(
  options: TlsOptions,
  listener: RequestListener = (_request, response) => response.end('secure'),
): Promise<TlsBackend> {
  const handshakes: Handshake[] = [];
  const requests: string[] = [];
  const open = new Set<Socket>();
  const server = https.createServer(
    { ALPNProtocols: ['http/1.1'], ...options },
    (request, response) => {
      requests.push(request.url ?? '');
      listener(request, response);
    },
  );
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
    const subject = socket.getPeerCertificate()?.subject;
    handshakes.push({
      servername: socket.servername,
      wasResumed: socket.isSessionReused(),
      protocol: socket.alpnProtocol,
      client: subject === undefined ? undefined : String(subject.CN),
    });
  });
  server.on('upgrade', (_request, socket, head) => {
    socket.on('error', () => socket.destroy());
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
    );
    socket.write(head);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    handshakes,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Passes bytes on to a port, until it cuts: a FIN towards the balancer, without a word of TLS. */
export async function startCutter(
  target: number,
): Promise<AsyncDisposable & { readonly url: string; readonly cut: () => void }> {
  const pairs: (readonly [near: Socket, far: Socket])[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    near.pipe(far, { end: false });
    far.pipe(near, { end: false });
    pairs.push([near, far]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      for (const [near, far] of pairs) {
        far.unpipe(near);
        near.end();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A directory of PEM files. */
export interface PemFiles extends Disposable {
  /** Writes a file, or writes it anew. Returns its path. */
  write(name: string, pem: string): string;
}

export function pemFiles(): PemFiles {
  const directory = mkdtempSync(join(tmpdir(), 'lb-pem-'));
  return {
    write(name, pem) {
      const path = join(directory, name);
      writeFileSync(path, pem);
      return path;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}
