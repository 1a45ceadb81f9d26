/** Speaks to InfluxDB over HTTP: one request on a connection of its own, since seconds lie between two of them. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { ClientContexts, clientTlsOptions } from '@lb/shared/net/client-tls';
import { nodeHttp, nodeHttps } from '@lb/shared/net/node-modules';
import type { InfluxSettings } from '../persist-settings.ts';
import { PersistError } from '../sample.ts';

/** A history of ten thousand steps is about 1 MB. */
const MOST_BYTES = 16 * 2 ** 20;

/** Of what a server says went wrong. */
const MOST_REASON = 200;

export interface InfluxRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the path of the URL: `write`, `api/v2/write`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class InfluxHttp {
  readonly #settings: InfluxSettings;
  readonly #contexts = new ClientContexts();

  constructor(settings: InfluxSettings) {
    this.#settings = settings;
  }

  /** The body of an answer from 200 to 299. @throws PersistError for everything else */
  async ask({ method, path, query, body }: InfluxRequest, signal: AbortSignal): Promise<string> {
    const { url } = this.#settings;
    const target = new URL(`${path}?${new URLSearchParams(query).toString()}`, url.base);
    const options: RequestOptions = {
      method,
      signal,
      agent: false,
      headers: {
        ...this.#authorization(),
        ...(body !== undefined && { 'Content-Type': 'text/plain; charset=utf-8' }),
      },
    };
    try {
      const response = await this.#send(target, options, body);
      const text = await textOf(response);
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) return text;
      throw new PersistError(
        `HTTP ${statusCode}: ${reasonIn(text)}`,
        REFUSALS.includes(statusCode),
      );
    } catch (error) {
      if (error instanceof PersistError) throw error;
      if (signal.aborted) throw new PersistError('no answer in time');
      throw new PersistError(reasonOf(error));
    }
  }

  #send(url: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === 'https:'
          ? nodeHttps().request(url, { ...options, ...this.#tls(url.hostname) }, resolve)
          : nodeHttp().request(url, options, resolve);
      request.on('error', reject);
      request.end(body);
    });
  }

  #tls(hostname: string) {
    const host = hostname.replace(/^\[|\]$/g, '');
    return clientTlsOptions(this.#settings.tls, host, this.#contexts);
  }

  #authorization(): Readonly<Record<string, string>> {
    const { url, token } = this.#settings;
    if (url.api === 'v2') return { Authorization: `Token ${token}` };
    if (url.user === undefined) return {};
    const pair = `${url.user}:${url.password ?? ''}`;
    return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}

/** Lines that make no sense to it, or too many of them: it will not take them the next time. */
const REFUSALS: readonly number[] = [400, 413, 422];

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MOST_BYTES) {
      response.destroy();
      throw new PersistError(`the answer is larger than ${MOST_BYTES} bytes`);
    }
  }
  return text;
}

/** InfluxDB 1 says `error`, InfluxDB 2 `message`; a proxy in between says what it likes. */
function reasonIn(text: string): string {
  const [, said] = /"(?:error|message)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  return (said === undefined ? text : unquoted(said))
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, MOST_REASON);
}

function unquoted(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    // An escape that there is not: shown as it came.
    return json;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : undefined;
  return last instanceof Error ? last.message : error.message;
}
