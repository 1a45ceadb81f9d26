/** A client that sends bytes as they are given and reads what comes back, message by message. Every wait has a deadline. */
import net from 'node:net';

/** One answer, read from the wire. */
export interface RawResponse {
  readonly status: number;
  readonly statusLine: string;
  /** Names as they came, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Latin-1 text, without chunk framing. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

const DEADLINE_MS = 10_000;

/** One connection. */
export class RawClient implements Disposable {
  readonly socket: net.Socket;
  #received = '';
  #isClosed = false;
  #wake: () => void = () => undefined;
  /** Methods of what was sent, as far as they matter: the answer to a HEAD has no body. */
  readonly #isHead: boolean;

  private constructor(socket: net.Socket, isHead: boolean) {
    this.socket = socket;
    this.#isHead = isHead;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on('error', () => socket.destroy());
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  /** @param isHead every answer on this connection is one to HEAD */
  static async connect(port: number, isHead = false): Promise<RawClient> {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket, isHead);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Everything received so far. */
  get received(): string {
    return this.#received;
  }

  /** The other side has ended the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @param text Latin-1: one character is one byte */
  send(text: string | Buffer): void {
    if (this.socket.writable)
      this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Waits for this many whole answers, interim ones included, or the end of the connection. Returns all there are. */
  async responses(count: number): Promise<readonly RawResponse[]> {
    await this.#until(
      () => this.#isClosed || readResponses(this.#received, false, this.#isHead).length >= count,
    );
    return readResponses(this.#received, this.#isClosed, this.#isHead);
  }

  /** Waits for one whole answer. @throws Error when the connection ends without one. */
  async response(): Promise<RawResponse> {
    const [first] = await this.responses(1);
    if (first === undefined) throw new Error(`closed without an answer: ${this.#received}`);
    return first;
  }

  /** Waits for the end of the connection. Returns all answers. */
  async untilClosed(): Promise<readonly RawResponse[]> {
    await this.#until(() => this.#isClosed);
    return readResponses(this.#received, true, this.#isHead);
  }

  /** Waits until the text has been received. */
  async untilReceived(text: string): Promise<void> {
    await this.#until(() => this.#isClosed || this.#received.includes(text));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #until(isReached: () => boolean): Promise<void> {
    const deadline = setTimeout(() => this.#wake(), DEADLINE_MS);
    const endMs = performance.now() + DEADLINE_MS;
    try {
      while (!isReached()) {
        if (performance.now() >= endMs)
          throw new Error(`nothing more came in ${DEADLINE_MS} ms after: ${this.#received}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}

/** Sends on a new connection and returns the first answer that is not an interim one. */
export async function ask(port: number, text: string | Buffer): Promise<RawResponse> {
  using client = await RawClient.connect(port, String(text).startsWith('HEAD '));
  client.send(text);
  return await client.response();
}

/** Sends on a new connection, waits until the balancer closes it, and returns all answers. */
export async function askUntilClosed(
  port: number,
  text: string | Buffer,
): Promise<readonly RawResponse[]> {
  using client = await RawClient.connect(port);
  client.send(text);
  return await client.untilClosed();
}

/** A request with `Host: lb.test`. @param fields lines such as `X-Name: value` */
export function requestText(line: string, fields: readonly string[] = [], body = ''): string {
  const lines = [`${line} HTTP/1.1`, 'Host: lb.test', ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** The value of the first field with this name. */
export function headerOf(response: RawResponse, name: string): string | undefined {
  const lower = name.toLowerCase();
  return response.headers.find(([field]) => field.toLowerCase() === lower)?.[1];
}

/** Whole answers at the start of the text. @param isEnd nothing follows: a body may end with the connection */
function readResponses(text: string, isEnd: boolean, isHead: boolean): RawResponse[] {
  const responses: RawResponse[] = [];
  let at = 0;
  for (;;) {
    const read = readResponse(text, at, isEnd, isHead);
    if (read === undefined) return responses;
    responses.push(read.response);
    at = read.end;
  }
}

function readResponse(
  text: string,
  start: number,
  isEnd: boolean,
  isHead: boolean,
): { response: RawResponse; end: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = text.slice(start, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = lines.map(toField);
  const value = (name: string): string | undefined =>
    headers.find(([field]) => field.toLowerCase() === name)?.[1];
  const bodyStart = headEnd + 4;
  const whole = (
    body: string,
    end: number,
    trailers: RawResponse['trailers'] = [],
  ): { response: RawResponse; end: number } => ({
    response: { status, statusLine, headers, body, trailers },
    end,
  });
  if (isHead || status < 200 || status === 204 || status === 304) return whole('', bodyStart);
  if (value('transfer-encoding') === 'chunked') {
    const chunked = readChunks(text, bodyStart);
    return chunked && whole(chunked.body, chunked.end, chunked.trailers);
  }
  const length = value('content-length');
  if (length === undefined) return isEnd ? whole(text.slice(bodyStart), text.length) : undefined;
  const end = bodyStart + Number(length);
  return text.length < end ? undefined : whole(text.slice(bodyStart, end), end);
}

function readChunks(
  text: string,
  start: number,
): { body: string; end: number; trailers: RawResponse['trailers'] } | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  if (text.startsWith('\r\n', at)) return { body, end: at + 2, trailers: [] };
  const end = text.indexOf('\r\n\r\n', at);
  if (end < 0) return undefined;
  return { body, end: end + 4, trailers: text.slice(at, end).split('\r\n').map(toField) };
}

function toField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
