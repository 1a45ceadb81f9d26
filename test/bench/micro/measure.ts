/** Nanoseconds of single steps of the data path, for a machine that is not quiet. */

/** One step. */
export interface Benchmark {
  /** The step, then what it is done with. */
  readonly name: string;
  /**
   * Does the step so many times, in a loop of its own: a loop that all shared would be slowed down by all of them. Throws
   * when a result is wrong, so that the work cannot be optimised away.
   */
  run(times: number): void;
}

/** Many and short: on a shared machine some fit between the others' turns. */
const ROUNDS = 101;
const ROUND_MS = 4;
const BATCH = 100;

/** Prints the best and the middle one of several rounds. */
export function printNanoseconds(benchmarks: readonly Benchmark[]): void {
  for (const benchmark of benchmarks) {
    const rounds = Array.from({ length: ROUNDS }, () => nanosecondsOnce(benchmark)).sort(
      (a, b) => a - b,
    );
    const [best = 0] = rounds;
    const middle = rounds[ROUNDS >> 1] ?? 0;
    console.log(
      `${benchmark.name.padEnd(48)} ${best.toFixed(1).padStart(9)} ns best ${middle.toFixed(1).padStart(9)} ns median`,
    );
  }
  console.log(`Node ${process.version}, ${ROUNDS} rounds of ${ROUND_MS} ms`);
}

function nanosecondsOnce(benchmark: Benchmark): number {
  let times = 0;
  const started = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < ROUND_MS) {
    benchmark.run(BATCH);
    times += BATCH;
    elapsedMs = performance.now() - started;
  }
  return (elapsedMs * 1e6) / times;
}
