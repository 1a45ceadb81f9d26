/**
 * Asks a running instance over its admin API: what lbctl is made of.
 *
 *     get, post, put, delete ─▶ 2xx: the JSON | 4xx, 5xx: AdminRefused | no answer: AdminUnreachable
 *     watch ─▶ server-sent events, until either side has enough
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { formatDuration } from '../config/units.ts';
import { nodeHttp, nodeHttps } from '../net/node-modules.ts';
import { EventReader } from './event-reader.ts';

/** Where the instance is: its unix socket, or its admin address with the token, if it has one. */
export type AdminEndpoint =
  { readonly socketPath: string } | { readonly url: string; readonly token?: string | null };

/** Why nothing answered: nothing is there, it is closed to us, it took too long, or it broke off. */
export type UnreachableReason = 'missing' | 'refused' | 'forbidden' | 'timeout' | 'broken';

/** No answer came from an instance. */
export class AdminUnreachable extends Error {
  override readonly name = 'AdminUnreachable';
  readonly reason: UnreachableReason;

  constructor(reason: UnreachableReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The instance answered with a refusal. `body` is its JSON, or its text when it is none. */
export class AdminRefused extends Error {
  override readonly name = 'AdminRefused';
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(refusalText(status, body));
    this.status = status;
    this.body = body;
  }
}

/** An answer to a change. */
export interface AdminAnswer<T> {
  readonly status: number;
  readonly body: T;
}

/** Longest wait for an answer to a question, and to a change: a reload waits for every worker. */
const GET_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** One connection a question; holds nothing between them. */
export class AdminClient {
  readonly #endpoint: AdminEndpoint;

  constructor(endpoint: AdminEndpoint) {
    this.#endpoint = endpoint;
  }

  /** The JSON at a path such as `/api/v1/status`. @throws AdminRefused AdminUnreachable */
  async get<T>(path: string, timeoutMs: number = GET_TIMEOUT_MS): Promise<T> {
    const { status, body } = await this.#ask<T>('GET', path, undefined, timeoutMs);
    if (status >= 300) throw new AdminRefused(status, body);
    return body;
  }

  /**
   * Asks for a change. 422 is an answer like 2xx: its body says what is wrong with what was sent or read.
   * @throws AdminRefused AdminUnreachable
   */
  async post<T>(
    path: string,
    body?: unknown,
    timeoutMs: number = CHANGE_TIMEOUT_MS,
  ): Promise<AdminAnswer<T>> {
    const answer = await this.#ask<T>('POST', path, body, timeoutMs);
    if (answer.status >= 300 && answer.status !== 422)
      throw new AdminRefused(answer.status, answer.body);
    return answer;
  }

  /** Changes what is at a path, and returns what it is then. @throws AdminRefused AdminUnreachable */
  put<T>(path: string, body: unknown): Promise<T> {
    return this.#change<T>('PUT', path, body);
  }

  /** Takes away what is at a path. @throws AdminRefused AdminUnreachable */
  delete<T>(path: string, body: unknown): Promise<T> {
    return this.#change<T>('DELETE', path, body);
  }

  /**
   * Gives each of the server-sent events at a path, as JSON. Resolves when the stream ends, or `signal` ends it.
   * @throws AdminRefused AdminUnreachable
   */
  watch(path: string, onEvent: (event: unknown) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const { options, send } = this.#prepare('GET', path, '');
      const request = send(options);
      request.setHeader('Accept', 'text/event-stream');
      const stop = (): void => void request.destroy();
      const timer = setTimeout(() => {
        const waited = `no answer within ${formatDuration(GET_TIMEOUT_MS)}`;
        request.destroy(new AdminUnreachable('timeout', `${this.#place()}: ${waited}`));
      }, GET_TIMEOUT_MS);
      signal.addEventListener('abort', stop, { once: true });
      request.on('error', (error) =>
        signal.aborted ? resolve() : reject(this.#unreachable(error)),
      );
      request.on('close', () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        const { statusCode: status = 0 } = response;
        if (status !== 200) {
          readAnswer(response).then(
            (text) => reject(new AdminRefused(status, parsed(text))),
            reject,
          );
          return;
        }
        const reader = new EventReader((data) => onEvent(JSON.parse(data)));
        response.on('data', (chunk: Buffer) => reader.take(chunk));
        // A stream has no length: however it ends, it was a stream until then.
        response.on('error', () => resolve());
      });
      request.end();
      if (signal.aborted) stop();
    });
  }

  async #change<T>(method: string, path: string, body: unknown): Promise<T> {
    const answer = await this.#ask<T>(method, path, body, CHANGE_TIMEOUT_MS);
    if (answer.status >= 300) throw new AdminRefused(answer.status, answer.body);
    return answer.body;
  }

  #ask<T>(method: string, path: string, body: unknown, timeoutMs: number): Promise<AdminAnswer<T>> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const { options, send } = this.#prepare(method, path, payload);
      const request = send(options);
      const fail = (error: Error): void => reject(this.#unreachable(error));
      const timer = setTimeout(() => {
        const waited = `no answer within ${formatDuration(timeoutMs)}`;
        fail(new AdminUnreachable('timeout', `${this.#place()}: ${waited}`));
        request.destroy();
      }, timeoutMs);
      request.on('error', fail);
      request.on('close', () => clearTimeout(timer));
      request.on('response', (response) => {
        readAnswer(response).then((text) => {
          // Every answer is ours to shape; the type says which one the path gives.
          resolve({ status: response.statusCode ?? 0, body: parsed(text) as T });
        }, fail);
      });
      request.end(payload);
    });
  }

  #prepare(method: string, path: string, payload: string) {
    const headers: Record<string, string | number> = {
      Accept: 'application/json',
      Connection: 'close',
    };
    if (payload !== '') headers['Content-Type'] = 'application/json';
    if (method !== 'GET') headers['Content-Length'] = Buffer.byteLength(payload);
    const options: RequestOptions = { method, path, headers, agent: false };
    const endpoint = this.#endpoint;
    if ('socketPath' in endpoint) {
      headers['Host'] = 'localhost';
      const { socketPath } = endpoint;
      return { options: { ...options, socketPath }, send: nodeHttp().request };
    }
    const { protocol, hostname, port } = new URL(endpoint.url);
    if (typeof endpoint.token === 'string') headers['Authorization'] = `Bearer ${endpoint.token}`;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return {
      options: { ...options, host, ...(port === '' ? {} : { port }) },
      send: (protocol === 'https:' ? nodeHttps() : nodeHttp()).request,
    };
  }

  #place(): string {
    return 'socketPath' in this.#endpoint ? this.#endpoint.socketPath : this.#endpoint.url;
  }

  #unreachable(error: Error): AdminUnreachable {
    if (error.name === 'AdminUnreachable') return error as AdminUnreachable;
    const { code = '' } = error as NodeJS.ErrnoException;
    const [reason, words] = REASONS[code] ?? (['broken', error.message] as const);
    return new AdminUnreachable(reason, `${this.#place()}: ${words}`, error);
  }
}

const REASONS: Readonly<Record<string, readonly [UnreachableReason, string]>> = {
  ENOENT: ['missing', 'there is no such socket; is it running?'],
  ENOTSOCK: ['missing', 'this is not a socket'],
  ENOTFOUND: ['missing', 'the host name is not known'],
  ECONNREFUSED: ['refused', 'nobody listens there; is it running?'],
  EACCES: ['forbidden', 'no permission; run as the user that started it'],
  EPERM: ['forbidden', 'no permission; run as the user that started it'],
  ETIMEDOUT: ['timeout', 'no answer to the connection attempt'],
};

async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trimEnd();
  }
}

function refusalText(status: number, body: unknown): string {
  const said = (body as { readonly error?: unknown } | null)?.error ?? body;
  return typeof said === 'string' && said !== '' ? `${said} (${status})` : `refused with ${status}`;
}
