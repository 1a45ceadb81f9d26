/** All rate limits of a worker, carried from snapshot to snapshot: a reload that leaves a limit alone takes nothing from anybody. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock } from '@lb/shared/time/clock';
import { LimitMetrics } from '../metrics/limit-metrics.ts';
import type { Cells } from '../metrics/cells.ts';
import type { LimitSource } from '../store/limit-source.ts';
import { Limiter } from './limiter.ts';

export class Limiters {
  readonly #cells: Cells;
  readonly #clock: Clock;
  #byName: ReadonlyMap<string, Limiter> = new Map();

  constructor(cells: Cells, clock: Clock) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** Takes over the limits of a new snapshot, and where their tokens come from now. */
  apply(configs: Config['rateLimits'], source: LimitSource): ReadonlyMap<string, Limiter> {
    this.#byName = new Map(
      Object.entries(configs).map(([name, config]) => {
        const known = this.#byName.get(name);
        const isSame =
          known !== undefined && known.source === source && isDeepStrictEqual(known.config, config);
        return [name, isSame ? known : this.#make(name, config, source)];
      }),
    );
    return this.#byName;
  }

  #make(name: string, config: Config['rateLimits'][string], source: LimitSource): Limiter {
    const metrics = new LimitMetrics(this.#cells, name);
    return new Limiter({ name, config, clock: this.#clock, metrics, source });
  }
}
