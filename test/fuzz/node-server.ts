/** Node's own HTTP server, strict, on bytes in memory instead of a connection. */
import http from 'node:http';
import { Duplex } from 'node:stream';

/** One request, as both readers have it. Texts are Latin-1. */
export interface PlainRequest {
  readonly method: string;
  readonly target: string;
  readonly httpMinor: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Far above what the parsers under test allow: a limit of Node's is no opinion about a message. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

/**
 * The requests of a connection that is closed behind these bytes, up to the first that may be the last of its connection.
 * undefined when one of them is refused, or not whole.
 */
export async function readAsNodeServer(
  bytes: Buffer,
): Promise<readonly PlainRequest[] | undefined> {
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
  const server = http.createServer({
    insecureHTTPParser: false,
    maxHeaderSize: MAX_HEAD_BYTES,
    requireHostHeader: false,
  });
  server.maxHeadersCount = 0;
  const received: { readonly request: http.IncomingMessage; readonly pieces: Buffer[] }[] = [];
  const onRequest = (request: http.IncomingMessage): void => {
    const pieces: Buffer[] = [];
    received.push({ request, pieces });
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => undefined);
  };
  // Without these, Node answers by itself what it thinks of an Expect.
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
    server.on(event, onRequest);
  return new Promise((resolve) => {
    let isRefused = false;
    const settle = (): void => {
      const requests = upToLast(received.map(({ request, pieces }) => toPlain(request, pieces)));
      const isWhole = received.slice(0, requests.length).every(({ request }) => request.complete);
      const isOver = requests.length > 0 && mayBeLast(requests.at(-1));
      resolve(isWhole && (isOver || !isRefused) && requests.length > 0 ? requests : undefined);
      connection.destroy();
    };
    server.on('clientError', () => {
      isRefused = true;
      // What came before still goes out to its requests.
      setImmediate(settle);
    });
    connection.on('close', settle);
    server.emit('connection', connection);
    connection.push(bytes);
    // What was read goes out to the requests first: the end of the connection would cut them short.
    setImmediate(() => connection.push(null));
  });
}

/** Up to the first request behind which a server may read no other. */
export function upToLast(requests: readonly PlainRequest[]): readonly PlainRequest[] {
  const last = requests.findIndex(mayBeLast);
  return last < 0 ? requests : requests.slice(0, last + 1);
}

/** Whether bytes behind it are another request is for the server to say, not for its parser. */
export function mayBeLast(request: PlainRequest | undefined): boolean {
  if (request === undefined) return false;
  const { headers, httpMinor, method } = request;
  return (
    httpMinor === 0 ||
    method === 'CONNECT' ||
    headers.some(
      (name, i) =>
        i % 2 === 0 &&
        name.toLowerCase() === 'connection' &&
        /close|upgrade/i.test(headers[i + 1] ?? ''),
    )
  );
}

function toPlain(request: http.IncomingMessage, pieces: readonly Buffer[]): PlainRequest {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    httpMinor: request.httpVersionMinor,
    headers: [...request.rawHeaders],
    body: Buffer.concat(pieces).toString('latin1'),
    trailers: [...request.rawTrailers],
  };
}
