/** What the operations of a store cost, and how they fail. */
import { ANSWER_OPERATIONS, type AnswerOperation } from '@lb/shared/store/answers';
import { STORE_OPERATIONS, type StoreOperation } from '@lb/shared/store/store';
import type { Cell, Cells } from './cells.ts';

export class StoreMetrics {
  readonly #cells: Cells;
  readonly #seconds = new Map<StoreOperation | AnswerOperation, Cell>();
  readonly #errors = new Map<StoreOperation | AnswerOperation, Cell>();

  constructor(cells: Cells) {
    this.#cells = cells;
    for (const operation of [...STORE_OPERATIONS, ...ANSWER_OPERATIONS]) {
      this.#seconds.set(operation, cells.series('lb_store_command_seconds', operation));
      this.#errors.set(operation, cells.series('lb_store_errors_total', operation));
    }
  }

  done(operation: StoreOperation | AnswerOperation, ms: number): void {
    const cell = this.#seconds.get(operation);
    if (cell !== undefined) this.#cells.observe(cell, ms);
  }

  failed(operation: StoreOperation | AnswerOperation): void {
    const cell = this.#errors.get(operation);
    if (cell !== undefined) this.#cells.add(cell, 1);
  }
}
