/** One step of the data path, to be timed. */

export interface Benchmark {
  /** The step, then what it is done with: `pick p2c, 100 backends`. */
  readonly name: string;
  /** How often it is done before the clock is looked at again; 500 unless it says so. */
  readonly batch?: number;
  /**
   * Does the step so many times, in a loop of its own: a loop that all shared would be slowed down by all of them. Throws
   * when a result is wrong, so that the work cannot be optimised away.
   */
  run(times: number): void;
}
