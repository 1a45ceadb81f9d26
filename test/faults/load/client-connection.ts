/** One connection of the client, with one request at a time on it. */
import net from 'node:net';
import { type HttpMessage, parseMessage, valueOf } from '../../support/http-message.ts';
import { answerBody, uploadBody } from '../answer-body.ts';
import { nowMs } from '../clock.ts';
import type { Ending, Sent } from '../logs.ts';
import type { Plan } from './plan.ts';

const HTTP = 'HTTP/1.1 ';

/** What is asked, and whether its connection is to be kept. */
export interface Request extends Pick<Sent, 'id' | 'method' | 'path' | 'dueMs'> {
  /** Of its answer. */
  readonly bytes: number;
  readonly isKept: boolean;
}

export class ClientConnection {
  readonly #plan: Plan;
  readonly #socket: net.Socket;
  #chunks: Buffer[] = [];
  #localPort = 0;
  #asked = 0;
  #isBroken = false;
  #current: { readonly request: Request; readonly done: (line: Sent) => void } | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#socket = net.connect({ host: plan.host, port: plan.port, noDelay: true });
    this.#socket.on('connect', () => (this.#localPort = this.#socket.localPort ?? 0));
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', () => (this.#isBroken = true));
    this.#socket.on('close', () => this.#lost());
  }

  /** Whether another request may be sent on it. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Calls back once, whatever happens. */
  ask(request: Request, done: (line: Sent) => void): void {
    this.#current = { request, done };
    this.#asked++;
    this.#chunks = [];
    this.#patience = setTimeout(() => this.#end('timeout'), this.#plan.patienceMs);
    const { id, method, path, bytes, isKept } = request;
    const body = method === 'POST' ? uploadBody(id) : undefined;
    this.#socket.write(
      `${method} ${path}?id=${id}&bytes=${bytes} HTTP/1.1\r\nHost: ${this.#plan.host}\r\n` +
        (body === undefined ? '' : `Content-Length: ${body.length}\r\n`) +
        (isKept ? '\r\n' : 'Connection: close\r\n\r\n'),
    );
    if (body !== undefined) this.#socket.write(body);
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#current === undefined) {
      // Bytes that nobody asked for: whatever they are, the next answer would begin with them.
      this.#socket.destroy();
      return;
    }
    const message = this.#answer();
    if (message?.isComplete === true) this.#end('whole', message);
  }

  #lost(): void {
    if (this.#current === undefined) return;
    if (this.#localPort === 0) {
      this.#end('refused');
      return;
    }
    const message = this.#answer();
    if (this.#bytesTaken() === 0) this.#end('reset');
    else if (message !== undefined)
      this.#end(message.framing === 'close' && !this.#isBroken ? 'whole' : 'cut', message);
    else this.#end(this.#looksLikeHttp() ? 'cut' : 'garbled');
  }

  /** Of a head that broke off. */
  #looksLikeHttp(): boolean {
    const start = Buffer.concat(this.#chunks).toString('latin1', 0, HTTP.length);
    return start === HTTP.slice(0, start.length);
  }

  #answer(): HttpMessage | undefined {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return parseMessage(bytes);
  }

  #end(ending: Ending, message?: HttpMessage): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    clearTimeout(this.#patience);
    const { id, method, path, dueMs, bytes, isKept } = current.request;
    const isLast =
      message !== undefined && valueOf(message.fields, 'connection')?.toLowerCase() === 'close';
    const hasMore = message !== undefined && this.#bytesTaken() > message.size;
    if (ending !== 'whole' || !isKept || isLast || hasMore) this.#socket.destroy();
    current.done({
      id,
      method,
      path,
      dueMs,
      endMs: nowMs(),
      ending,
      status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(message?.startLine ?? '')?.[1] ?? 0),
      body: message === undefined ? 'none' : verdictOn(message.body, answerBody(id, bytes)),
      isReused: this.#asked > 1,
      isLast,
      localPort: this.#localPort,
    });
  }

  #bytesTaken(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

function verdictOn(body: Buffer, right: Buffer): Sent['body'] {
  if (body.equals(right)) return 'right';
  return body.equals(right.subarray(0, body.length)) ? 'start' : 'other';
}
