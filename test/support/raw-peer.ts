/** One end of a raw TCP connection, client or backend: what came, what is sent, how it ended. */
import { once } from 'node:events';
import net from 'node:net';
import { type HttpMessage, parseMessage } from './http-message.ts';

const LIMIT_MS = 5_000;

export class RawPeer implements Disposable {
  readonly socket: net.Socket;
  /** The other end has closed its half. */
  hasEnded = false;
  isClosed = false;
  /** It was torn down rather than closed. */
  wasReset = false;
  #chunks: Buffer[] = [];
  #taken = 0;
  readonly #watchers = new Set<() => void>();

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#tell();
    });
    socket.on('end', () => {
      this.hasEnded = true;
      this.#tell();
    });
    socket.on('error', () => {
      this.wasReset = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#tell();
    });
  }

  /** Everything that came and was not taken as a message. */
  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return (this.#chunks[0] ?? Buffer.alloc(0)).subarray(this.#taken);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  send(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Closes this half. */
  end(data?: string | Buffer): void {
    if (data !== undefined) this.send(data);
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** @throws Error when it does not come to that in five seconds */
  async until(isSo: (peer: this) => boolean, what: string): Promise<void> {
    if (isSo(this)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(
          new Error(
            `waited in vain for ${what}; there is ${JSON.stringify(this.text.slice(0, 500))}`,
          ),
        );
      }, LIMIT_MS);
      const look = (): void => {
        if (!isSo(this)) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** Until this text has come. */
  untilText(text: string): Promise<void> {
    return this.until((peer) => peer.text.includes(text), JSON.stringify(text));
  }

  /** Until the other end has closed its half, or all of it. */
  untilEnded(): Promise<void> {
    return this.until((peer) => peer.hasEnded || peer.isClosed, 'the end of the connection');
  }

  untilClosed(): Promise<void> {
    return this.until((peer) => peer.isClosed, 'the close of the connection');
  }

  /** Takes the head of the next message; its body stays in `bytes`. undefined when the connection ends before. */
  async takeHead(): Promise<string | undefined> {
    await this.until(
      (peer) => peer.text.includes('\r\n\r\n') || peer.hasEnded || peer.isClosed,
      'a head',
    );
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.text.slice(0, end + 4);
    this.#taken += end + 4;
    return head;
  }

  /** Takes the next message whole. undefined when the connection ends before it is. @param hasNoBody of an answer to HEAD */
  async takeMessage(hasNoBody = false): Promise<HttpMessage | undefined> {
    await this.until(
      (peer) =>
        parseMessage(peer.bytes, hasNoBody)?.isComplete === true || peer.hasEnded || peer.isClosed,
      'a whole message',
    );
    const message = parseMessage(this.bytes, hasNoBody);
    if (message?.isComplete !== true) return undefined;
    this.#taken += message.size;
    return message;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Connects to a port of this machine; its half stays open when the other end closes. */
export async function connectRaw(port: number): Promise<RawPeer> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return new RawPeer(socket);
}

/** An answer, and how its connection ended. */
export interface RawAnswer extends HttpMessage {
  readonly status: number;
  readonly wasReset: boolean;
}

/** Sends the bytes on a connection of their own and reads until the other end closes it. @throws Error without an answer */
export async function askOnce(
  port: number,
  request: string,
  hasNoBody = false,
): Promise<RawAnswer> {
  using peer = await connectRaw(port);
  peer.send(request);
  await peer.untilEnded();
  const message = parseMessage(peer.bytes, hasNoBody);
  if (message === undefined) throw new Error(`no answer: ${JSON.stringify(peer.text)}`);
  return {
    ...message,
    status: Number(/ (\d{3})/.exec(message.startLine)?.[1] ?? 0),
    wasReset: peer.wasReset,
  };
}

/** A GET whose connection ends with its answer. */
export const GET = 'GET / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n';
