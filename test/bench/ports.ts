/** Ports for programs that have to be told one before they start. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that the kernel takes for outgoing connections, so that no client's port is in the way. */
const FIRST_PORT = 21_000;
const LAST_PORT = 32_000;

/** Hands out each free port once. */
export class Ports {
  #next = FIRST_PORT;

  /** @throws Error when none is left */
  async take(): Promise<number> {
    while (this.#next <= LAST_PORT) {
      const port = this.#next++;
      if (await isFree(port)) return port;
    }
    throw new Error(`no free port from ${FIRST_PORT} to ${LAST_PORT}`);
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const bound = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!(await bound)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
