/** A backend that keeps every byte it is sent and reads it by the letter of RFC 9112: what it got is what the tests judge. */
import net from 'node:net';
import { type Reading, type StrictRequest, readRequests } from './strict-request-parser.ts';

/** A running backend. */
export interface RecordingBackend extends AsyncDisposable {
  readonly url: string;
  /** Everything received, one entry per connection that brought bytes, in the order of the connections. */
  readonly connections: readonly Buffer[];
  /** Whole requests, over all connections. */
  readonly requests: readonly StrictRequest[];
  /** What a strict parser refuses in what was received; a backend behind this balancer must never see any. */
  readonly violations: readonly string[];
  /** The only request there was. @throws Error when there was none or more than one. */
  readonly only: StrictRequest;
}

/** The bytes of an answer; undefined to stay silent. */
export type Respond = (request: StrictRequest) => string | Buffer | undefined;

/** A whole 200 answer. @param fields lines such as `X-Name: value` */
export function okAnswer(body = 'ok', fields: readonly string[] = []): string {
  const lines = [`Content-Length: ${Buffer.byteLength(body)}`, ...fields];
  return `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

/** Starts it on a free port of 127.0.0.1. By default the body of its answer is method and target of the request. */
export async function startRecordingBackend(
  respond: Respond = ({ method, target }) =>
    okAnswer(method === 'HEAD' ? '' : `${method} ${target}`),
): Promise<RecordingBackend> {
  const received: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    let place: number | undefined;
    let answered = 0;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      place ??= received.push(Buffer.alloc(0)) - 1;
      const all = Buffer.concat([received[place] ?? Buffer.alloc(0), chunk]);
      received[place] = all;
      const { requests, violation } = readRequests(all);
      for (const request of requests.slice(answered)) {
        answered++;
        const answer = respond(request);
        if (answer !== undefined) socket.write(answer);
      }
      if (violation !== undefined) socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const readings = (): Reading[] => received.map(readRequests);
  const requests = (): StrictRequest[] => readings().flatMap((reading) => reading.requests);
  return {
    url: `http://127.0.0.1:${port}`,
    connections: received,
    get requests() {
      return requests();
    },
    get violations() {
      return readings().flatMap(({ violation }) => (violation === undefined ? [] : [violation]));
    },
    get only() {
      const [first, ...more] = requests();
      if (first === undefined || more.length > 0)
        throw new Error(
          `expected one request, there were ${first === undefined ? 0 : more.length + 1}`,
        );
      return first;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
