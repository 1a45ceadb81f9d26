/** Asks the admin API that this page came from. Who may is told by a cookie that no script can read. */
import type { ConfigErrorReply, ErrorReply } from '@lb/shared/admin-api/contract';

/** The fetch of the browser; tests bring one with an origin. */
export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** The instance asks for the token. */
export class LoginNeeded extends Error {
  override readonly name = 'LoginNeeded';
}

/** The instance said no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  /** Of a configuration that is refused. */
  readonly errors: readonly ConfigErrorReply[];

  constructor(status: number, message: string, errors: readonly ConfigErrorReply[] = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** Longest wait for an answer to a question, and to a change: a reload waits for every worker. */
const READ_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 60_000;

/** Every method rejects with LoginNeeded, Refused, or whatever fetch says when nothing answers. */
export class Api {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** The JSON at a path such as `/api/v1/status`. */
  get<T>(path: string): Promise<T> {
    return this.#ask<T>(path, {
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    });
  }

  /** Asks for a change, and returns what came of it. */
  change<T>(method: 'PUT' | 'POST', path: string, body: object): Promise<T> {
    return this.#ask<T>(path, {
      method,
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CHANGE_TIMEOUT_MS),
    });
  }

  /** The body of a stream of server-sent events. @param lastEventId what came last, when there was something */
  async stream(
    path: string,
    signal: AbortSignal,
    lastEventId: string,
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch(path, {
      headers: {
        Accept: 'text/event-stream',
        ...(lastEventId !== '' && { 'Last-Event-ID': lastEventId }),
      },
      signal,
    });
    if (!response.ok || response.body === null) throw await refusalOf(response);
    return response.body;
  }

  async #ask<T>(path: string, init: RequestInit): Promise<T> {
    const response = await this.#fetch(path, init);
    if (!response.ok) throw await refusalOf(response);
    // Every answer is shaped by contract.ts; the type says which one the path gives.
    return (await response.json()) as T;
  }
}

async function refusalOf(response: Response): Promise<Error> {
  const text = await response.text();
  const { error, errors } = parsed(text);
  if (response.status === 401) return new LoginNeeded(error ?? 'the token is required');
  const message = error ?? `the instance answered ${response.status}`;
  return new Refused(response.status, message, errors);
}

function parsed(text: string): Partial<ErrorReply & { errors: readonly ConfigErrorReply[] }> {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>;
  } catch {
    // Not from the instance: a proxy in between answers in HTML.
    return {};
  }
}
