/** What the whole instance had open and under way at the end of each second of the last 15 minutes, and of each minute of a day. */
import type { TotalsSample } from '@lb/shared/admin-api/statistics';
import { MINUTES_KEPT, SECONDS_KEPT } from './flow.ts';

/** What there is besides traffic. */
export type Gauges = Pick<TotalsSample, 'connections' | 'inFlight' | 'cacheHitRate'>;

/** Columns of one length, the oldest value first. */
export interface GaugeColumns {
  readonly connections: readonly number[];
  readonly inFlight: readonly number[];
  readonly cacheHitRate: readonly (number | null)[];
}

export class GaugeHistory {
  readonly #seconds = new GaugeRing(SECONDS_KEPT);
  readonly #minutes = new GaugeRing(MINUTES_KEPT);

  /** A second is over. @param isMinute and a minute with it */
  step(gauges: Gauges, isMinute: boolean): void {
    this.#seconds.write(gauges);
    if (isMinute) this.#minutes.write(gauges);
  }

  /** The last so many seconds, or as many as there are. */
  seconds(count: number): GaugeColumns {
    return this.#seconds.read(count);
  }

  minutes(count: number): GaugeColumns {
    return this.#minutes.read(count);
  }
}

class GaugeRing {
  readonly #connections: Uint32Array;
  readonly #inFlight: Uint32Array;
  /** NaN for null. */
  readonly #hitRates: Float32Array;
  #written = 0;

  constructor(length: number) {
    this.#connections = new Uint32Array(length);
    this.#inFlight = new Uint32Array(length);
    this.#hitRates = new Float32Array(length);
  }

  write({ connections, inFlight, cacheHitRate }: Gauges): void {
    const at = this.#written % this.#connections.length;
    this.#connections[at] = connections;
    this.#inFlight[at] = inFlight;
    this.#hitRates[at] = cacheHitRate ?? Number.NaN;
    this.#written++;
  }

  read(count: number): GaugeColumns {
    const kept = this.#connections.length;
    const length = Math.min(count, this.#written, kept);
    const places = Array.from({ length }, (_, at) => (this.#written - length + at) % kept);
    return {
      connections: places.map((at) => this.#connections[at] ?? 0),
      inFlight: places.map((at) => this.#inFlight[at] ?? 0),
      cacheHitRate: places.map((at) => orNull(this.#hitRates[at] ?? Number.NaN)),
    };
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(6));
}
