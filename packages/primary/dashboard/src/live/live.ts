/**
 * What the page shows, kept up to date: a sample a second by one stream, events by another, and what changes seldom asked for
 * along with the samples.
 *
 *     stats/stream ─▶ sample ─▶ status every second; pools every other one, and at once when a state changed
 *     events       ─▶ the list
 *
 * A page that nobody sees keeps no connection: a browser has six for a host, and a tab takes two of them.
 */
import type { PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import type { EventReply, HistoryReply, StatsSample } from '@lb/shared/admin-api/statistics';
import type { Clock } from '@lb/shared/time/clock';
import { type Api, LoginNeeded } from '../api/api.ts';
import { type ChartRange, historyPath, LIVE_RANGE } from '../model/chart-range.ts';
import { type ChartHistory, historyOf, NO_HISTORY, withSample } from '../model/history.ts';
import { areOutdated, joinPools } from '../model/rows.ts';
import { Subscription, type StreamTrouble } from './subscription.ts';

/** `away`: nothing answers, and the page says so. `paused`: nobody looks. */
export type Phase = 'loading' | 'live' | 'away' | 'login' | 'paused';

/** Everything that is shown. Replaced whole; null until it is known. */
export interface LiveView {
  readonly phase: Phase;
  /** Why the last question was not answered; null when it was. */
  readonly trouble: string | null;
  readonly status: StatusReply | null;
  readonly pools: readonly PoolReply[] | null;
  readonly sample: StatsSample | null;
  readonly history: ChartHistory;
  /** How far back the history goes. */
  readonly range: ChartRange;
  /** Why the history has less than it should; null when it has all. */
  readonly warning: string | null;
  /** The newest first. */
  readonly events: readonly EventReply[];
  readonly requests: readonly PastRequestReply[];
  /** When the last sample came, by the monotonic clock. */
  readonly sampledAtMs: number | null;
}

export interface LiveOptions {
  readonly api: Api;
  readonly clock: Clock;
  readonly onChange: () => void;
}

const KEPT_EVENTS = 200;
/** Three samples are missing. */
const STATS_SILENCE_MS = 4_000;
/** The instance shows every 15 s that it is there. */
const EVENTS_SILENCE_MS = 40_000;
const POOLS_EVERY = 2;
const REQUESTS_EVERY = 5;
/** A history that does not go on by itself is asked for again. */
const HISTORY_EVERY = 60;

export class Live {
  readonly #options: LiveOptions;
  #view: LiveView = {
    phase: 'loading',
    trouble: null,
    status: null,
    pools: null,
    sample: null,
    history: NO_HISTORY,
    range: LIVE_RANGE,
    warning: null,
    events: [],
    requests: [],
    sampledAtMs: null,
  };
  #streams: readonly Subscription[] = [];
  #samples = 0;
  #isRefreshing = false;
  /** The stream has gaps: the history has to be asked for again. */
  #hasGap = true;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get view(): LiveView {
    return this.#view;
  }

  /** Begins, or goes on after a pause or a login. */
  start(): void {
    this.#closeStreams();
    this.#hasGap = true;
    this.#set({ phase: 'loading' });
    const { api } = this.#options;
    const stats = new Subscription({
      api,
      path: '/api/v1/stats/stream',
      silenceMs: STATS_SILENCE_MS,
      onEvent: ({ data }) => this.#sampled(JSON.parse(data) as StatsSample),
      onTrouble: (trouble) => this.#troubled(trouble),
    });
    const events = new Subscription({
      api,
      path: `/api/v1/events?since=${this.#view.events[0]?.id ?? 0}`,
      silenceMs: EVENTS_SILENCE_MS,
      onEvent: ({ data }) => this.#happened(JSON.parse(data) as EventReply),
      // The other stream says so, and sooner.
      onTrouble: () => undefined,
    });
    this.#streams = [stats, events];
    for (const stream of this.#streams) stream.start();
  }

  /** Closes the connections; what is shown stays. */
  pause(): void {
    this.#closeStreams();
    this.#set({ phase: 'paused' });
  }

  /** Has the charts go so far back from now on. */
  show(range: ChartRange): void {
    this.#hasGap = true;
    this.#set({ range, history: NO_HISTORY, warning: null });
    this.refresh();
  }

  /** Asks again for what is shown, after a change that somebody made on the page. */
  refresh(): void {
    this.#ask(true).catch((error: unknown) => this.#failed(error));
  }

  #closeStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
  }

  #sampled(sample: StatsSample): void {
    const { pools, history, range } = this.#view;
    const isNews = pools === null || areOutdated(pools, sample);
    this.#set({
      phase: 'live',
      sample,
      pools: pools && joinPools(pools, sample),
      history: range === LIVE_RANGE ? withSample(history, sample) : history,
      sampledAtMs: this.#options.clock.monotonicMs(),
    });
    const isDue = this.#samples++ % POOLS_EVERY === 0;
    this.#ask(isNews || isDue).catch((error: unknown) => this.#failed(error));
  }

  #happened(event: EventReply): void {
    const { events } = this.#view;
    // A replay may overlap with what is there.
    if (event.id <= (events[0]?.id ?? Number.NEGATIVE_INFINITY)) return;
    this.#set({ events: [event, ...events].slice(0, KEPT_EVENTS) });
  }

  #troubled(trouble: StreamTrouble): void {
    this.#hasGap = true;
    if (trouble === 'login') this.#failed(new LoginNeeded());
    else this.#set({ phase: 'away' });
  }

  async #ask(withPools: boolean): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    const { api } = this.#options;
    const { range } = this.#view;
    const isOld = range !== LIVE_RANGE && this.#samples % HISTORY_EVERY === 1;
    try {
      const [status, pools, history, requests] = await Promise.all([
        api.get<StatusReply>('/api/v1/status'),
        withPools ? api.get<{ pools: readonly PoolReply[] }>('/api/v1/pools') : undefined,
        this.#hasGap || isOld
          ? api.get<HistoryReply>(historyPath(range, this.#instanceMs()))
          : undefined,
        this.#samples % REQUESTS_EVERY === 1
          ? api.get<{ requests: readonly PastRequestReply[] }>('/api/v1/requests')
          : undefined,
      ]);
      // Another range may have been chosen meanwhile.
      const isWanted = history !== undefined && range === this.#view.range;
      if (isWanted) this.#hasGap = false;
      this.#set({
        trouble: null,
        status,
        ...(pools && { pools: pools.pools }),
        ...(isWanted && { history: historyOf(history), warning: history.warning }),
        ...(requests && { requests: requests.requests }),
      });
      if (range.needsDatabase && status.persist === null) this.show(LIVE_RANGE);
    } finally {
      this.#isRefreshing = false;
    }
  }

  #instanceMs(): number {
    const { sample } = this.#view;
    return sample === null ? this.#options.clock.wallMs() : Date.parse(sample.at);
  }

  #failed(error: unknown): void {
    if (error instanceof LoginNeeded) {
      this.#closeStreams();
      this.#set({ phase: 'login' });
    } else {
      this.#set({ trouble: error instanceof Error ? error.message : String(error) });
    }
  }

  #set(change: Partial<LiveView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.onChange();
  }
}
