/** A server that speaks just enough of the protocol of Redis (RESP) to answer what a test tells it to. */
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface FakeRedis extends AsyncDisposable {
  /** As in store.url. */
  readonly url: string;
}

/** @param reply to a command in upper case, as it goes over the wire */
export async function startFakeRedis(
  reply: (command: string, args: readonly string[]) => string,
): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let unread = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      unread += chunk.toString('latin1');
      for (let first = firstCommand(unread); first !== undefined; first = firstCommand(unread)) {
        unread = unread.slice(first.length);
        const [name = '', ...args] = first.words;
        socket.write(reply(name.toUpperCase(), args));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A bulk string. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** The array of bulk strings that stands first, when all of it is there. */
function firstCommand(text: string): { words: string[]; length: number } | undefined {
  const [header, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (header === undefined) return undefined;
  let { length } = header;
  const words: string[] = [];
  for (let i = 0; i < Number(count); i++) {
    const [mark, size] = /^\$(\d+)\r\n/.exec(text.slice(length)) ?? [];
    if (mark === undefined) return undefined;
    const begin = length + mark.length;
    length = begin + Number(size) + 2;
    if (length > text.length) return undefined;
    words.push(text.slice(begin, begin + Number(size)));
  }
  return { words, length };
}
