/** A sticky pool as one worker has it, without sockets: several of them over one store are the workers of an instance. */
import type { Snapshot } from '@lb/shared/model/snapshot';
import { MemoryStore } from '@lb/shared/store/memory-store';
import type { Store } from '@lb/shared/store/store';
import { seededRandom } from '@lb/shared/time/clock';
import { Backends } from '@lb/worker/internal/balancing/backends';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import type { Pool } from '@lb/worker/internal/balancing/pool';
import type { Visit } from '@lb/worker/internal/balancing/sticky/sticky';
import { headTextOf } from '@lb/worker/internal/http1/head-text';
import { Cells } from '@lb/worker/internal/metrics/cells';
import type { Exchange } from '@lb/worker/internal/request/exchange';
import { configOf } from './config-text.ts';
import { ALONE } from './alone.ts';
import { poolsUp } from './pools-up.ts';
import { metricTotal } from './metric-totals.ts';
import { Timeline } from './timeline.ts';

export interface StickyPoolOptions {
  /** Flow style, as in lb.yaml. */
  readonly sticky: string;
  readonly names?: readonly string[];
  readonly secret?: string;
  readonly store?: Store;
  readonly timeline?: Timeline;
  /** Where its policy begins, so that two workers do not propose the same backend. */
  readonly place?: number;
}

/** One request of a client. */
export interface StickyRequest {
  /** The backend of each next try; one that is asked for again has failed. */
  next(): Promise<string | undefined>;
  /** Whether the last choice was made without waiting. */
  readonly wasAtOnce: boolean;
  /** Its last choice answers. @param fields of the answer @returns what the client is given beside them */
  answer(fields?: readonly string[]): Promise<string>;
}

export class StickyPool {
  readonly timeline: Timeline;
  readonly store: Store;
  readonly #backends: Backends;
  readonly #cells = new Cells();
  readonly #options: StickyPoolOptions;
  #names: readonly string[] = [];
  #deltas: Parameters<typeof metricTotal>[0] = [];
  #pools: ReturnType<Backends['apply']>['pools'] = new Map();

  constructor(options: StickyPoolOptions) {
    const { timeline = new Timeline(), place = 0, names = ['a', 'b', 'c'] } = options;
    this.#options = options;
    this.timeline = timeline;
    this.store = options.store ?? new MemoryStore(() => timeline.monotonicMs());
    this.#backends = new Backends(this.#cells, timeline, seededRandom(1), place);
    this.apply({ names });
  }

  /** Takes over another configuration. @param names of the backends; a weight may follow: `a*0` */
  apply({
    names = this.#names,
    sticky = this.#options.sticky,
    secret = this.#options.secret ?? 'secret',
  }: Partial<Pick<StickyPoolOptions, 'names' | 'sticky' | 'secret'>>): void {
    this.#names = names;
    const entries = names.map((text) => {
      const [name, weight = '1'] = text.split('*');
      return `{ name: ${name}, weight: ${weight}, url: "http://127.0.0.1:${portOf(text)}" }`;
    });
    const pool = `{ policy: round_robin, sticky: ${sticky}, backends: [${entries.join(', ')}] }`;
    const config = configOf(`listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: ${pool} }`);
    const pools = poolsUp(config, ({ name }) => ({ slot: portOf(name) }));
    const counts = { version: 1, workerCount: 3, slotCount: 200 };
    const snapshot: Snapshot = { ...counts, ...ALONE, secret, config, pools };
    this.#pools = this.#backends.apply(snapshot).pools;
  }

  /** Made by what was applied last. */
  get pool(): Pool {
    const pool = this.#pools.get('web');
    if (pool === undefined) throw new Error('the configuration has the pool');
    return pool;
  }

  setState(name: string, state: 'up' | 'down'): void {
    this.#backends.setState(portOf(name), state);
  }

  /** @param fields of the request, in lower case */
  request(fields: Readonly<Record<string, string>> = {}): StickyRequest {
    const { pool } = this;
    const { sticky } = pool;
    if (sticky === undefined) throw new Error('the pool is sticky');
    const exchange = {
      tried: [] as Backend[],
      answerLines: '',
      clientAddress: '192.0.2.1',
      header: (name: string) => fields[name],
      isFromProxy: true,
      services: {
        clock: this.timeline,
        store: this.store,
      },
    };
    const visit: Visit = sticky.visit(exchange as unknown as Exchange, pool);
    let last: Backend | undefined;
    let wasAtOnce = false;
    return {
      async next() {
        if (last !== undefined) exchange.tried = [...exchange.tried, last];
        const chosen = visit.choose();
        wasAtOnce = !(chosen instanceof Promise);
        last = await chosen;
        return last?.name;
      },
      get wasAtOnce() {
        return wasAtOnce;
      },
      async answer(answered = []) {
        if (last === undefined) throw new Error('nobody was chosen');
        await visit.answered(last, headTextOf(answered));
        return exchange.answerLines;
      },
    };
  }

  /** Asks once and has it answered. @returns the backend's name */
  async ask(
    fields: Readonly<Record<string, string>> = {},
    answered: readonly string[] = [],
  ): Promise<string | undefined> {
    const request = this.request(fields);
    const name = await request.next();
    if (name !== undefined) await request.answer(answered);
    return name;
  }

  /** What was counted so far. */
  counts(): { readonly hit: number; readonly new: number; readonly rebound: number } {
    const delta = this.#cells.takeDelta();
    this.#deltas = delta === undefined ? this.#deltas : [...this.#deltas, { lb: 1, ...delta }];
    const total = (result: string): number => metricTotal(this.#deltas, 'lb_sticky_total', result);
    return { hit: total('hit'), new: total('new'), rebound: total('rebound') };
  }
}

/** `a` is 97: ports, and slots, of which no two are the same. */
function portOf(name: string): number {
  return name.charCodeAt(0);
}
