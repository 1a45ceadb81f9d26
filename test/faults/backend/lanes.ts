/** A server that can do so much at a time: work takes its time, and what finds no free lane waits its turn. */
export class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param count 0 = any number */
  constructor(count: number) {
    this.#free = count === 0 ? Number.POSITIVE_INFINITY : count;
  }

  /** Calls back when the work is done. */
  work(ms: number, done: () => void): void {
    const begin = (): void => {
      setTimeout(() => {
        this.#free++;
        this.#waiting.shift()?.();
        done();
      }, ms);
      this.#free--;
    };
    if (this.#free > 0) begin();
    else this.#waiting.push(begin);
  }
}
