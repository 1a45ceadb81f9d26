/** A collector of traces: posts to it, and what it says. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
import type http from 'node:http';
import { nodeHttp, nodeHttps } from '@lb/shared/net/node-modules';
import { endpointOf } from './endpoint.ts';

/** What became of a post. */
export type Verdict =
  /** `rejected` spans of it were thrown away, and why. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly reason: string }
  /** It would be refused again. */
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'later';
      readonly reason: string;
      /** What the collector asks for. */
      readonly afterMs: number | undefined;
    };

/** Of a whole post, its answer included. */
const TIMEOUT_MS = 10_000;

/** A collector says little. */
const LONGEST_ANSWER = 65_536;

const TRY_AGAIN: readonly number[] = [429, 502, 503, 504];

export class Collector {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  /** @param otlp its address, with or without the path of traces */
  constructor(otlp: string, headers: Readonly<Record<string, string>>) {
    this.#url = endpointOf(otlp);
    this.#headers = { 'Content-Type': 'application/json', ...headers };
    const { Agent, request } = this.#url.protocol === 'https:' ? nodeHttps() : nodeHttp();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.#request = request;
  }

  /** Without what may be a secret of it. */
  get address(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  /** Never rejects. */
  async post(body: Buffer): Promise<Verdict> {
    try {
      const response = await this.#send(body);
      const { statusCode = 0, headers } = response;
      return verdictOf(statusCode, headers['retry-after'], await textOf(response));
    } catch (error) {
      return { kind: 'later', reason: describe(error), afterMs: undefined };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(body: Buffer): Promise<http.IncomingMessage> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = this.#request(this.#url, {
      method: 'POST',
      agent: this.#agent,
      headers: { ...this.#headers, 'Content-Length': body.length },
      signal,
    });
    return new Promise((resolve, reject) => {
      request.once('response', resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        // It closed a connection that had been idle, in the moment in which it was used again.
        const isStale = request.reusedSocket && error.code === 'ECONNRESET';
        if (isStale) resolve(this.#send(body));
        else reject(error);
      });
      request.end(body);
    });
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > LONGEST_ANSWER) response.destroy(new Error('its answer is too long'));
  }
  return text;
}

function verdictOf(status: number, retryAfter: string | undefined, text: string): Verdict {
  if (status >= 200 && status <= 299) return { kind: 'taken', ...partialSuccess(text) };
  const reason = `it answers ${status}`;
  if (!TRY_AGAIN.includes(status)) return { kind: 'refused', reason };
  const isSaid = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter);
  return { kind: 'later', reason, afterMs: isSaid ? Number(retryAfter) * 1_000 : undefined };
}

/** An answer that says nothing, or is no JSON, means that all was taken. */
function partialSuccess(text: string): { readonly rejected: number; readonly reason: string } {
  const said = parsed(text)?.partialSuccess;
  const rejected = Number(said?.rejectedSpans ?? 0);
  const why = typeof said?.errorMessage === 'string' ? said.errorMessage : '';
  return {
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    reason: `it took a part: ${why.slice(0, 200)}`,
  };
}

interface TraceAnswer {
  readonly partialSuccess?: {
    readonly rejectedSpans?: unknown;
    readonly errorMessage?: unknown;
  } | null;
}

function parsed(text: string): TraceAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return `no answer within ${TIMEOUT_MS / 1_000} s`;
  // A name with several addresses, none of which answers, has a code and no message.
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
