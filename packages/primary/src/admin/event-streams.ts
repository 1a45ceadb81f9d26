/**
 * Server-sent events: answers that go on until somebody has enough. A client that does not take what it is sent is cut off, so
 * that nobody's memory but its own fills up.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';
import { refusal, SECURITY_HEADERS, send } from './reply.ts';

/** Streams of one server: the other connections are for questions. */
const MOST_STREAMS = 64;

/** A client that went away without a word is noticed by it, and proxies keep the connection open for it. */
const HEARTBEAT_MS = 15_000;

/** What a client waits before it comes back. */
const RETRY_MS = 2_000;

/** What may be on its way to one client, and from where on that client is behind. */
const MOST_UNSENT_BYTES = 4 * 1024 * 1024;
const BEHIND_BYTES = 1024 * 1024;

/** One event. `data` is one line. */
export interface StreamedEvent {
  readonly id?: number;
  readonly data: string;
}

/**
 * Begins to tell events; returns what ends it. `tell` returns false when the client is behind: a source that can leave some out
 * does so, before the client is cut off.
 */
export type EventSource = (tell: (event: StreamedEvent) => boolean) => () => void;

/** An answer of events. */
export interface StreamReply {
  readonly events: EventSource;
}

interface OpenStream {
  readonly response: ServerResponse;
  readonly stop: () => void;
  /** It had not taken everything at the last heartbeat. */
  isBehind: boolean;
}

export class EventStreams {
  readonly #open = new Set<OpenStream>();
  #heart: NodeJS.Timeout | undefined;

  /** Answers with the events; ends with the connection. */
  open(response: ServerResponse, { events }: StreamReply): void {
    if (response.destroyed) return;
    if (this.#open.size >= MOST_STREAMS) {
      send(response, refusal(503, `${MOST_STREAMS} streams are open; close one first`));
      return;
    }
    response.writeHead(200, { ...SECURITY_HEADERS, 'Content-Type': 'text/event-stream' });
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(`retry: ${RETRY_MS}\n\n`);
    const stop = events(({ id, data }) =>
      write(response, `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`),
    );
    const stream = { response, stop, isBehind: false };
    this.#open.add(stream);
    this.#heart ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
    response.on('close', () => {
      stop();
      this.#open.delete(stream);
    });
  }

  /** Ends all of them. */
  close(): void {
    clearInterval(this.#heart);
    for (const { response } of this.#open) response.end();
  }

  #beat(): void {
    for (const stream of this.#open) {
      const { response } = stream;
      const isBehind = response.writableLength > 0;
      if (isBehind && stream.isBehind) response.destroy();
      else write(response, ':\n\n');
      stream.isBehind = isBehind;
    }
  }
}

/** False when the client is behind. */
function write(response: ServerResponse, text: string): boolean {
  if (response.destroyed || response.writableEnded) return false;
  response.write(text);
  if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
  return response.writableLength <= BEHIND_BYTES;
}
