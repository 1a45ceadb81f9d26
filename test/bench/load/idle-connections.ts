/** Clients that ask once and then only hold their connection. */
import { connect, type Socket } from 'node:net';

/** Connections that are made at the same time: less than what a listener lets wait. */
const BATCH = 100;
const ANSWER_TIMEOUT_MS = 10_000;

/** Opens them; each has had one answer. @throws Error when one was refused or got something else than 200 */
export async function openIdle(port: number, count: number): Promise<Disposable> {
  const sockets: Socket[] = [];
  const held: Disposable = {
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  try {
    while (sockets.length < count) {
      const size = Math.min(BATCH, count - sockets.length);
      const batch = Array.from({ length: size }, () => connect(port, '127.0.0.1'));
      sockets.push(...batch);
      await Promise.all(batch.map(askOnce));
    }
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

function askOnce(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(deadline);
      reject(new Error(`idle connection: ${why}`));
    };
    const deadline = setTimeout(() => fail('no answer'), ANSWER_TIMEOUT_MS);
    socket.on('error', ({ message }) => fail(message));
    socket.once('close', () => fail('closed'));
    socket.once('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 200')) {
        fail(bytes.toString('latin1', 0, 80));
        return;
      }
      clearTimeout(deadline);
      resolve();
    });
    socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
  });
}
