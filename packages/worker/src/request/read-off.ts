/**
 * Reads and throws away what a client still sends when its answer is out. A connection that is closed on unread bytes is
 * reset, and the client loses the answer that it was about to read; so it is read for a while, but not for ever.
 */
import type { IncomingMessage } from 'node:http';

const LONGEST_MS = 2_000;
const MOST_BYTES = 1024 * 1024;

/** @param onEnd called when the request is all in; a client that exceeds the measure has its connection closed instead */
export function readOff(request: IncomingMessage, onEnd: () => void): void {
  const { socket } = request;
  let read = 0;
  const timer = setTimeout(() => socket.destroy(), LONGEST_MS);
  const stop = (): void => clearTimeout(timer);
  socket.once('close', stop);
  request.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > MOST_BYTES) socket.destroy();
  });
  request.once('end', () => {
    stop();
    // The connection may live for many more requests.
    socket.off('close', stop);
    onEnd();
  });
  request.resume();
}
