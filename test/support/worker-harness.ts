/** A worker in this process, on a real socket, without a primary: what integration tests of the request path talk to. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { parseConfig } from '@lb/shared/config/parse';
import type { Engine } from '@lb/shared/config/schema/pool';
import { formatConfigErrors } from '@lb/shared/config/diagnostics';
import type { ToPrimary, ToWorker } from '@lb/shared/ipc/messages';
import { backendTlsSettings } from '@lb/shared/model/backend-tls';
import type { BackendState, Snapshot } from '@lb/shared/model/snapshot';
import { storeSnapshot } from '@lb/shared/model/store-snapshot';
import { bindSocket } from '@lb/primary/internal/listeners/bind';
import { Limiting } from '@lb/primary/internal/limits/limiting';
import { serveCalls } from '@lb/primary/internal/store/serve-calls';
import { type Clock, systemClock } from '@lb/shared/time/clock';
import { MemoryStore } from '@lb/shared/store/memory-store';
import type { Store } from '@lb/shared/store/store';
import type { Turns } from '@lb/worker/internal/overload/turnstile';
import { Worker } from '@lb/worker/internal/worker';

/** A running worker. */
export interface Harness extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** What the worker told the primary. */
  readonly messages: readonly ToPrimary[];
  /** Applies another configuration, as a reload would. */
  apply(yaml: string): void;
  /** Changes a backend, as the primary would. The weight is the configured one by default. */
  setState(slot: number, state: BackendState, more?: { weight?: number; version?: number }): void;
  /** Hands it what the primary might say. */
  receive(message: ToWorker): void;
  /** Answers nothing that the worker asks of the store from now on. */
  stopStore(): void;
  /** Lets it go, as the primary does when it needs fewer workers. */
  drain(timeoutMs: number): void;
}

/**
 * Starts a worker. @param yaml without listeners: one is added on a free port of 127.0.0.1; the access log is off unless
 * the text has a `log` section
 * @param listenerLimits YAML of the listener's limits, in flow style
 * @param store what it shares with other workers
 * @param time what it measures with, its timers are real; and what it takes for a turn of its event loop
 */
export async function startWorker(
  yaml: string,
  listenerLimits = '{}',
  store: Store = new MemoryStore(() => performance.now()),
  time: { readonly clock?: Clock; readonly turns?: Turns } = {},
): Promise<Harness> {
  const bound = await bindSocket({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  if (!bound.ok) throw new Error(bound.message);
  const { handle, address } = bound.socket;
  if (address.kind !== 'tcp') throw new Error('a TCP socket was asked for');
  const { port } = address;
  const messages: ToPrimary[] = [];
  let onListening: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    onListening = resolve;
  });
  let onExit: () => void = () => undefined;
  const exited = new Promise<void>((resolve) => {
    onExit = resolve;
  });
  let isStoreUp = true;
  const answerStore = ({ id, calls }: Extract<ToPrimary, { type: 'store' }>): void => {
    serveCalls(store, calls).then(
      (results) => worker.receive({ lb: 1, type: 'stored', id, results }, undefined),
      // A store that fails is one that does not answer.
      () => undefined,
    );
  };
  const limiting = new Limiting({
    clock: systemClock,
    workerCount: () => 1,
    send: (_, message) => worker.receive(message, undefined),
    onBreaker: ({ slot }) => change(slot, states.get(slot) ?? 'up'),
  });
  const states = new Map<number, BackendState>();
  const worker = new Worker({
    ...time,
    place: 0,
    log: pino({ level: 'silent' }),
    send: (message) => {
      messages.push(message);
      if (message.type === 'store' && isStoreUp) answerStore(message);
      if (message.type === 'listening') onListening();
      if (message.type === 'permits' || message.type === 'tries')
        setImmediate(() => limiting.receive(0, message));
    },
    exit: () => onExit(),
  });
  let version = 0;
  let snapshot: Snapshot | undefined;
  const full = (text: string): string =>
    `listeners: [{ name: web, bind: "127.0.0.1:${port}", limits: ${listenerLimits} }]\n` +
    // A busy machine makes a worker late, and a test is not about that unless it says so.
    (/^overload:/m.test(text) ? '' : 'overload: { eventLoopDelay: 0s }\n') +
    (/^log:/m.test(text) ? '' : 'log: { level: fatal, access: { enabled: false } }\n') +
    text;
  const apply = (text: string): void => {
    version++;
    snapshot = toSnapshot(full(text), version);
    limiting.follow(snapshot.pools);
    worker.receive({ lb: 1, type: 'snapshot', snapshot }, undefined);
  };
  const weightOf = (slot: number): number =>
    snapshot?.pools.flatMap(({ backends }) => backends).find((each) => each.slot === slot)
      ?.weight ?? 0;
  const change = (
    slot: number,
    state: BackendState,
    { weight = weightOf(slot), ...more }: { weight?: number; version?: number } = {},
  ): void => {
    states.set(slot, state);
    const changes = [{ slot, state, weight, breaker: limiting.breakerOf(slot) ?? 'closed' }];
    worker.receive({ lb: 1, type: 'states', changes, ...more }, undefined);
  };
  apply(yaml);
  worker.receive({ lb: 1, type: 'listen', listener: 'web', isFurther: false }, handle);
  await listening;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    messages,
    apply,
    setState: change,
    receive: (message) => worker.receive(message, undefined),
    stopStore: () => {
      isStoreUp = false;
    },
    drain: (timeoutMs) => worker.receive({ lb: 1, type: 'drain', timeoutMs }, undefined),
    async [Symbol.asyncDispose]() {
      void worker.drain(0);
      await exited;
      limiting.close();
    },
  };
}

/** Slots by order of appearance; every backend up. */
function toSnapshot(text: string, version: number): Snapshot {
  const parsed = parseConfig({
    file: 'test.yaml',
    text,
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (!parsed.ok) throw new Error(formatConfigErrors(parsed.errors));
  let slot = 0;
  const { ENGINE } = globalThis as { readonly ENGINE?: Engine };
  const pools = Object.entries(parsed.config.pools).map(([name, pool]) => ({
    ...pool,
    engine: ENGINE ?? pool.engine,
    name,
    tls: backendTlsSettings(pool.tls, parsed.files),
    backends: pool.backends.map((backend) => ({ ...backend, slot: slot++, state: 'up' as const })),
  }));
  const { config, files } = parsed;
  const secret = config.secret ?? 'a secret of this test';
  const store = storeSnapshot(config.store, files);
  return { version, workerCount: 1, slotCount: slot, secret, config, store, instances: 1, pools };
}
