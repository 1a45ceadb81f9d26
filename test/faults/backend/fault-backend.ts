/**
 * A backend of the fault suite: `node fault-backend.ts NAME PORT HOST FOLDER`. Sends its port; then it takes orders
 * (orders.ts) and answers each. What it does with every request is in FOLDER/NAME.log at once, so that killing it loses nothing.
 *
 *     GET, POST /...?id=N&bytes=N    the answer of that id
 *     GET /trickle?id=N&bytes=N      the same, in pieces over two seconds
 *     GET /health                    200, by the same orders
 */
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { parseMessage, type HttpMessage } from '../../support/http-message.ts';
import { answerBody, isChunked, uploadBody } from '../answer-body.ts';
import { nowMs } from '../clock.ts';
import type { Served, Step } from '../logs.ts';
import { Lanes } from './lanes.ts';
import { HEALTHY, type Orders } from './orders.ts';

const PIECES = 20;
const PIECE_MS = 100;

const [, , name = '', port = '0', host = '127.0.0.1', folder = '.'] = process.argv;
const log = openSync(join(folder, `${name}.log`), 'a');
const connections = new Set<Connection>();
let orders = HEALTHY;
let lanes = new Lanes(orders.lanes);

interface Asked {
  /** NaN for a probe. */
  readonly id: number;
  readonly bytes: number;
  readonly isTrickled: boolean;
  readonly method: string;
}

/** Answers one request after the other. */
class Connection {
  readonly #socket: net.Socket;
  #bytes = Buffer.alloc(0);
  #asked: Asked | undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#next();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => connections.delete(this));
  }

  /** With whatever is under way. */
  reset(): void {
    if (this.#asked !== undefined) write(this.#asked, 'broke');
    this.#asked = undefined;
    this.#socket.resetAndDestroy();
  }

  #next(): void {
    if (this.#asked !== undefined) return;
    const message = parseMessage(this.#bytes);
    if (message?.isComplete !== true) return;
    this.#bytes = this.#bytes.subarray(message.size);
    const [method = '', target = ''] = message.startLine.split(' ');
    const [, id, bytes] = /\?id=(\d+)&bytes=(\d+)$/.exec(target)?.map(Number) ?? [];
    const asked = {
      id: id ?? Number.NaN,
      bytes: bytes ?? 0,
      isTrickled: target.startsWith('/trickle'),
      method,
    };
    this.#asked = asked;
    write(asked, 'begun');
    if (method === 'POST' && !message.body.equals(uploadBody(asked.id))) write(asked, 'spoiled');
    this.#act(asked, message);
  }

  #act(asked: Asked, message: HttpMessage): void {
    switch (orders.mode) {
      case 'healthy':
        if (asked.isTrickled) this.#trickle(asked, wholeAnswer(asked));
        else lanes.work(orders.delayMs, () => this.#answer(asked, wholeAnswer(asked)));
        return;
      case 'failing':
        this.#answer(asked, 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops');
        return;
      case 'garbage':
        this.#answer(asked, `\x00\x01${message.startLine}\r\n\r\n\r\n`);
        return;
      case 'resetting':
      case 'refusing':
        this.reset();
        return;
      case 'resetting-after-head':
        this.#sendAndReset(headOf(asked));
        return;
      case 'resetting-mid-body': {
        const whole = wholeAnswer(asked);
        this.#sendAndReset(whole.subarray(0, whole.length - asked.bytes / 2));
        return;
      }
      case 'silent':
    }
  }

  #answer(asked: Asked, bytes: string | Buffer): void {
    // It may have been reset while it worked.
    if (this.#asked !== asked) return;
    if (this.#socket.destroyed) write(asked, 'broke');
    else this.#socket.write(bytes, () => write(asked, 'finished'));
    this.#asked = undefined;
    this.#next();
  }

  #trickle(asked: Asked, bytes: Buffer, pieceBytes = Math.ceil(bytes.length / PIECES)): void {
    if (bytes.length <= pieceBytes) {
      this.#answer(asked, bytes);
      return;
    }
    if (this.#asked !== asked) return;
    this.#socket.write(bytes.subarray(0, pieceBytes));
    setTimeout(() => this.#trickle(asked, bytes.subarray(pieceBytes), pieceBytes), PIECE_MS);
  }

  #sendAndReset(bytes: string | Buffer): void {
    this.#socket.write(bytes, () => setImmediate(() => this.reset()));
  }
}

const server = net.createServer({ noDelay: true }, (socket) => {
  connections.add(new Connection(socket));
});
await listen();
process.send?.(Number(port));
process.on('message', (message: Orders) => {
  void obey(message).then(() => process.send?.('done'));
});
// The suite that started it may have died.
process.once('disconnect', () => process.exit());

async function listen(): Promise<void> {
  server.listen({ host, port: Number(port), backlog: 4_096 });
  await once(server, 'listening');
}

async function obey(next: Orders): Promise<void> {
  if (next.lanes !== orders.lanes) lanes = new Lanes(next.lanes);
  orders = next;
  if (next.mode === 'refusing' && server.listening) {
    server.close();
    for (const connection of connections) connection.reset();
  }
  if (next.mode !== 'refusing' && !server.listening) await listen();
}

/** Probes have no id, and no line. */
function write({ id, method }: Asked, step: Step): void {
  if (Number.isNaN(id)) return;
  const line: Served = { id, method, backend: name, atMs: nowMs(), step };
  writeSync(log, `${JSON.stringify(line)}\n`);
}

function headOf({ id, bytes }: Asked): string {
  const framing = isChunked(id) ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  return `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`;
}

function wholeAnswer(asked: Asked): Buffer {
  const { id, bytes } = asked;
  if (Number.isNaN(id)) return Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const body = answerBody(id, bytes);
  const head = headOf(asked);
  if (!isChunked(id)) return Buffer.concat([Buffer.from(head), body]);
  const size = `${bytes.toString(16)}\r\n`;
  return Buffer.concat([Buffer.from(head + size), body, Buffer.from('\r\n0\r\n\r\n')]);
}
