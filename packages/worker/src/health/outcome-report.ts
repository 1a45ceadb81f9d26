/** The backends of which there is something to tell the primary: those that had no try are not gone through. */
import { type OutcomeRow, packRows } from '@lb/shared/ipc/outcomes';

/** What is asked for its news. */
interface Noted {
  take(latencies: number[]): OutcomeRow;
}

/** The contents of a message `outcomes`. */
export interface PackedOutcomes {
  readonly rows: Int32Array;
  readonly latencies: Uint32Array;
}

export class OutcomeReport {
  #noted: Noted[] = [];

  /** There is something to tell; called once between two takes. */
  note(outcomes: Noted): void {
    this.#noted.push(outcomes);
  }

  /** What came since the last call; undefined when nothing did. */
  take(): PackedOutcomes | undefined {
    if (this.#noted.length === 0) return undefined;
    const latencies: number[] = [];
    const rows = this.#noted.map((outcomes) => outcomes.take(latencies));
    this.#noted = [];
    return { rows: packRows(rows), latencies: Uint32Array.from(latencies) };
  }
}
