/**
 * One stream of events that is opened again whenever it ends, falls silent or cannot be opened. What came last is told when it
 * is opened again, so that nothing is missed.
 *
 *     open ─▶ events ... ─▶ end, silence ─▶ wait, a little longer each time ─▶ open
 *      └▶ 401 ─▶ over: somebody has to log in
 */
import { type Random, systemRandom } from '@lb/shared/time/clock';
import { type Api, LoginNeeded } from '../api/api.ts';
import { serverSentEvents, type ServerSentEvent } from '../api/server-sent-events.ts';

/** Why a stream is not there at the moment. */
export type StreamTrouble = 'login' | 'away';

export interface SubscriptionOptions {
  readonly api: Pick<Api, 'stream'>;
  readonly path: string;
  /** Nothing for so long, not even a sign of life: the stream is dead. */
  readonly silenceMs: number;
  readonly onEvent: (event: ServerSentEvent) => void;
  /** After `login` it is over. */
  readonly onTrouble: (trouble: StreamTrouble) => void;
  readonly random?: Random;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 5_000;

/** How long to wait before the next attempt, by the number of those that failed: 0.25 .. 0.5 s, up to 2.5 .. 5 s. */
export function reconnectDelayMs(failures: number, random: Random): number {
  const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return longest * (0.5 + random() / 2);
}

/** Begins with `start`, ends with `close`. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #closing = new AbortController();
  #lastId = '';
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  start(): void {
    const { onTrouble, random = systemRandom } = this.#options;
    this.#read().then(
      () => this.#again(random),
      (error: unknown) => {
        if (error instanceof LoginNeeded) onTrouble('login');
        else this.#again(random);
      },
    );
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    const { api, path, onEvent, silenceMs } = this.#options;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, silence.signal]);
    const expectMore = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => silence.abort(), silenceMs);
    };
    try {
      expectMore();
      for await (const event of serverSentEvents(await api.stream(path, signal, this.#lastId))) {
        if (this.#closing.signal.aborted) return;
        expectMore();
        this.#failures = 0;
        if (event === undefined) continue;
        this.#lastId = event.id;
        onEvent(event);
      }
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #again(random: Random): void {
    if (this.#closing.signal.aborted) return;
    this.#failures++;
    this.#options.onTrouble('away');
    this.#timer = setTimeout(() => this.start(), reconnectDelayMs(this.#failures, random));
  }
}
