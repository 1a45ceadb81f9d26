/** `lbctl top`: traffic and backends, live, on the whole screen; `--once` prints one picture. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminRefused, AdminUnreachable, type AdminClient } from '@lb/shared/admin-api/client';
import type { BackendChangeReply } from '@lb/shared/admin-api/contract';
import type { StatsSample } from '@lb/shared/admin-api/statistics';
import { EXIT } from '../exit-codes.ts';
import { Terminal, type TerminalDevice } from '../terminal.ts';
import { plainFrame, screenFrame } from '../top/frame.ts';
import { keysOf } from '../top/keys.ts';
import { FIRST_STATE, pressed, withSample, type Effect, type TopState } from '../top/top-state.ts';
import { whoAsks } from './change-backend.ts';
import { withInstance, type ClientCall } from './client.ts';

const PATH = '/api/v1/stats/stream';

/** Pause before an instance that is gone is looked for again. */
const AGAIN_MS = 1_000;

/** Shows it until somebody has enough. */
export function top(call: ClientCall, isOnce: boolean): Promise<number> {
  const { output, context } = call;
  if (isOnce) return withInstance(call, (client) => printOnce(call, client));
  const { terminal } = context;
  if (terminal === undefined) {
    output.error('top needs a terminal for input and output; --once prints one picture');
    return Promise.resolve(EXIT.usage);
  }
  return withInstance(call, async (client) => {
    // Whether there is an instance at all is said on the user's own screen.
    await firstSample(client);
    return new Top(call, client, terminal).run();
  });
}

async function printOnce({ output, options }: ClientCall, client: AdminClient): Promise<number> {
  const sample = await firstSample(client);
  if (options.json === true) output.json(sample);
  else for (const line of plainFrame(sample, FIRST_STATE)) output.data(line);
  return EXIT.ok;
}

async function firstSample(client: AdminClient): Promise<StatsSample> {
  const enough = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<StatsSample>();
  // Each event of this path is one.
  const take = (sample: unknown): void => {
    resolve(sample as StatsSample);
    enough.abort();
  };
  client
    .watch(PATH, take, enough.signal)
    .then(() => reject(new AdminUnreachable('broken', 'the instance ended the stream')), reject);
  return promise;
}

class Top {
  readonly #call: ClientCall;
  readonly #client: AdminClient;
  readonly #terminal: Terminal;
  readonly #over = new AbortController();
  #state: TopState = FIRST_STATE;
  #exitCode: number = EXIT.ok;

  constructor(call: ClientCall, client: AdminClient, device: TerminalDevice) {
    this.#call = call;
    this.#client = client;
    this.#terminal = new Terminal(device);
    device.onResize(() => this.#draw());
    device.onInput((input) => {
      for (const key of keysOf(input)) this.#press(key);
    });
  }

  async run(): Promise<number> {
    const { onSignal, onFailure } = this.#call.context;
    onSignal('SIGINT', () => this.#quit(EXIT.interrupted));
    onSignal('SIGTERM', () => this.#quit(EXIT.ok));
    onSignal('SIGHUP', () => this.#quit(EXIT.ok));
    onSignal('SIGQUIT', () => this.#quit(EXIT.failure));
    onSignal('SIGTSTP', () => this.#terminal.suspend());
    onSignal('SIGCONT', () => this.#resume());
    onFailure((error) => {
      this.#terminal.leave();
      this.#call.output.error(
        `top failed: ${error instanceof Error ? error.stack : String(error)}`,
      );
    });
    this.#resume();
    try {
      await this.#follow();
    } finally {
      this.#terminal.leave();
    }
    return this.#exitCode;
  }

  /** Draws each sample; an instance that went away may come back. */
  async #follow(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const lost = await this.#client
        .watch(PATH, (sample) => this.#show(withSample(this.#state, sample as StatsSample)), signal)
        .then(() => 'the instance ended the stream', messageOf);
      if (signal.aborted) return;
      this.#show({ ...this.#state, lost: `${lost}; trying again` });
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #press(key: string): void {
    const { state, effect } = pressed(this.#state, key);
    this.#show(state);
    if (effect !== undefined) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'quit':
        this.#quit(effect.isInterrupt ? EXIT.interrupted : EXIT.ok);
        return;
      case 'suspend':
        this.#terminal.suspend();
        return;
      case 'change':
        void this.#change(effect);
        return;
    }
  }

  async #change({ target, change }: Extract<Effect, { kind: 'change' }>): Promise<void> {
    const slash = target.indexOf('/');
    const [pool, name] = [target.slice(0, slash), target.slice(slash + 1)].map(encodeURIComponent);
    const wish = { ...change, by: whoAsks(this.#call.context) };
    const message = await this.#client
      .put<BackendChangeReply>(`/api/v1/pools/${pool}/backends/${name}`, wish)
      .then(
        ({ state, effectiveWeight, warning }) =>
          `${target}: ${state}, weight ${effectiveWeight}${warning === null ? '' : `; ${warning}`}`,
        messageOf,
      );
    this.#show({ ...this.#state, message });
  }

  #quit(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#over.abort();
  }

  #resume(): void {
    this.#terminal.enter();
    this.#draw();
  }

  #show(state: TopState): void {
    this.#state = state;
    this.#draw();
  }

  #draw(): void {
    this.#terminal.draw(screenFrame(this.#state, this.#terminal.size, this.#call.output));
  }
}

/** What went wrong with the instance, for the last line. @throws what is a bug */
function messageOf(error: unknown): string {
  if (error instanceof AdminRefused || error instanceof AdminUnreachable) return error.message;
  throw error;
}
