/** What a rate limit counts. */
import type { Cell, Cells } from './cells.ts';

/** Values of the label `result` of lb_ratelimit_decisions_total. */
export type LimitResult = 'allow' | 'deny' | 'shadow_deny' | 'degraded';

export class LimitMetrics {
  readonly #cells: Cells;
  readonly #byResult: Readonly<Record<LimitResult, Cell>>;

  constructor(cells: Cells, limit: string) {
    const cell = (result: LimitResult): Cell =>
      cells.series('lb_ratelimit_decisions_total', limit, result);
    this.#cells = cells;
    this.#byResult = {
      allow: cell('allow'),
      deny: cell('deny'),
      shadow_deny: cell('shadow_deny'),
      degraded: cell('degraded'),
    };
  }

  count(result: LimitResult): void {
    this.#cells.add(this.#byResult[result], 1);
  }
}
