/**
 * The traffic of the whole instance, of each route, pool and backend: what workers counted, joined, and kept by the second and
 * by the minute. What a worker said stays when it dies.
 *
 *     worker ── delta ──▶ route ─▶ instance       once a second: step() ─▶ readings, histories
 *                         backend ─▶ pool
 */
import type { TrafficReply } from '@lb/shared/admin-api/statistics';
import type { TrafficDelta, TrafficSeries } from '@lb/shared/ipc/messages';
import { TRAFFIC_CELLS } from '@lb/shared/metrics/traffic-cells';
import type { Clock } from '@lb/shared/time/clock';
import {
  Flow,
  MINUTES_KEPT,
  NO_TRAFFIC,
  type Recorded,
  SECONDS_KEPT,
  WINDOW_SECONDS,
} from './flow.ts';
import { History, type HistoryColumns } from './history.ts';
import { Tally } from './tally.ts';

const SECONDS_PER_MINUTE = 60;

/** Names of what is followed. */
export interface FollowedNames {
  readonly routes: readonly string[];
  readonly pools: readonly {
    readonly name: string;
    readonly backends: readonly { readonly name: string }[];
  }[];
}

/** What a reading or a history is of; nothing for the whole instance. */
export interface Part {
  readonly route?: string | undefined;
  readonly pool?: string | undefined;
  /** With a pool. */
  readonly backend?: string | undefined;
}

/** A worker's series, and to what each adds. */
interface Book {
  readonly series: TrafficSeries[];
  /** Found when it is needed first, and anew after each `follow`. */
  targets: (readonly Flow[])[];
}

export class Traffic {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  readonly #books = new Map<number, Book>();
  readonly #histories = {
    bySecond: new History(SECONDS_KEPT),
    byMinute: new History(MINUTES_KEPT),
  };
  /** In the histories: those that nothing has any more, and how many there are in all. */
  readonly #free: number[] = [];
  #places = 0;
  readonly #whole = this.#newFlow();
  #flows = new Map<string, Flow>();
  /** Empty between two uses. */
  readonly #scratch = new Tally();
  #isRecording = false;
  /** Of the last seconds, each at its number modulo the length. */
  readonly #lengths = new Float64Array(WINDOW_SECONDS);
  #seconds = 0;
  #minutes = 0;
  #minuteLength = 0;
  #steppedAtMs: number;
  #endedAtMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs' | 'wallMs'>) {
    this.#clock = clock;
    this.#steppedAtMs = clock.monotonicMs();
  }

  /** Follows these from now on; what stays keeps its past. Call it with each snapshot. */
  follow({ routes, pools }: FollowedNames): void {
    const names = [
      ...routes.map((route) => keyOf({ route })),
      ...pools.flatMap(({ name: pool, backends }) => [
        keyOf({ pool }),
        ...backends.map(({ name: backend }) => keyOf({ pool, backend })),
      ]),
    ];
    const before = this.#flows;
    const kept = new Set(names);
    for (const [name, { place }] of before) if (!kept.has(name)) this.#forget(place);
    this.#flows = new Map(names.map((name) => [name, before.get(name) ?? this.#newFlow()]));
    for (const flow of this.#flows.values()) flow.record(this.#isRecording);
    for (const book of this.#books.values()) book.targets = [];
  }

  /** Keeps what comes for takeRecorded(), or does not any more. */
  record(isOn: boolean): void {
    this.#isRecording = isOn;
    for (const flow of this.#all()) flow.record(isOn);
  }

  /** What came of a part since the last time it was taken, up to the last second; undefined for what is not followed. */
  takeRecorded(part: Part): Recorded | undefined {
    return this.#flowOf(part)?.takeRecorded(this.#scratch);
  }

  /** Takes what a worker counted. Ids are unique among the workers that live at one time. */
  apply(workerId: number, { series, keys, counts }: TrafficDelta): void {
    const book = this.#books.get(workerId) ?? { series: [], targets: [] };
    this.#books.set(workerId, book);
    book.series.push(...series);
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? 0;
      const number = Math.floor(key / TRAFFIC_CELLS);
      const targets = (book.targets[number] ??= this.#targetsOf(book.series[number]));
      for (const flow of targets) flow.add(key % TRAFFIC_CELLS, counts[at] ?? 0);
    }
  }

  /** A worker ended: one with its id starts with new numbers. */
  removeWorker(workerId: number): void {
    this.#books.delete(workerId);
  }

  /** A second is over; its owner calls it once a second. */
  step(): void {
    const nowMs = this.#clock.monotonicMs();
    const step = { number: this.#seconds, seconds: (nowMs - this.#steppedAtMs) / 1_000 };
    this.#steppedAtMs = nowMs;
    this.#endedAtMs = this.#clock.wallMs();
    this.#lengths[step.number % WINDOW_SECONDS] = step.seconds;
    this.#seconds++;
    this.#minuteLength += step.seconds;
    this.#histories.bySecond.begin(step.number, this.#places);
    for (const flow of this.#all()) flow.step(step, this.#scratch);
    if (this.#seconds % SECONDS_PER_MINUTE !== 0) return;
    const minute = { number: this.#minutes, seconds: this.#minuteLength };
    this.#histories.byMinute.begin(minute.number, this.#places);
    for (const flow of this.#all()) flow.stepMinute(minute, this.#scratch);
    this.#minutes++;
    this.#minuteLength = 0;
  }

  /** The last ten seconds, or as many as there were; nothing for what is not followed. */
  of(part: Part = {}): TrafficReply {
    const seconds = this.#lengths.reduce((sum, length) => sum + length, 0);
    return this.#flowOf(part)?.reading(seconds, this.#scratch) ?? NO_TRAFFIC;
  }

  /** The last second of the whole instance. */
  lastSecond(): TrafficReply {
    const number = this.#seconds - 1;
    const seconds = this.#lengths[number % WINDOW_SECONDS] ?? 0;
    return number < 0 ? NO_TRAFFIC : this.#whole.lastSecond({ number, seconds }, this.#scratch);
  }

  /** Seconds and minutes that are over. */
  get ended(): { readonly seconds: number; readonly minutes: number; readonly atMs: number } {
    return { seconds: this.#seconds, minutes: this.#minutes, atMs: this.#endedAtMs };
  }

  /** Undefined for what is not followed. @param count at most so many seconds */
  bySecond(part: Part, count: number): HistoryColumns | undefined {
    return this.#flowOf(part)?.seconds(this.#seconds, Math.min(count, SECONDS_KEPT));
  }

  /** The same of minutes. */
  byMinute(part: Part, count: number): HistoryColumns | undefined {
    return this.#flowOf(part)?.minutes(this.#minutes, Math.min(count, MINUTES_KEPT));
  }

  #newFlow(): Flow {
    return new Flow(this.#free.pop() ?? this.#places++, this.#histories);
  }

  #forget(place: number): void {
    this.#histories.bySecond.forget(place);
    this.#histories.byMinute.forget(place);
    this.#free.push(place);
  }

  *#all(): Generator<Flow, void, undefined> {
    yield this.#whole;
    yield* this.#flows.values();
  }

  #flowOf(part: Part): Flow | undefined {
    const isWhole = part.route === undefined && part.pool === undefined;
    return isWhole ? this.#whole : this.#flows.get(keyOf(part));
  }

  /** None for what was removed, or was never said what it is. */
  #targetsOf(series: TrafficSeries | undefined): readonly Flow[] {
    if (series === undefined) return [];
    const own = this.#flows.get(keyOf(series));
    const wider = 'route' in series ? this.#whole : this.#flows.get(keyOf({ pool: series.pool }));
    return [own, wider].filter((flow) => flow !== undefined);
  }
}

/** No name holds a line feed. */
function keyOf({ route, pool, backend }: Part): string {
  return route !== undefined ? `route\n${route}` : `pool\n${pool}\n${backend ?? ''}`;
}
