/** A port that takes no more connections and refuses none: its process is stopped and its queue full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface StoppedListener extends AsyncDisposable {
  readonly url: string;
}

const LISTEN =
  "const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))";

/** A connection that does not stand after this long never will. */
const GIVE_UP_MS = 150;

export async function stoppedListener(): Promise<StoppedListener> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line);
  child.kill('SIGSTOP');
  const fillers: net.Socket[] = [];
  for (let isFull = false; !isFull;) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    fillers.push(socket);
    isFull = await Promise.race([
      once(socket, 'connect').then(() => false),
      pause(GIVE_UP_MS).then(() => true),
    ]);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
