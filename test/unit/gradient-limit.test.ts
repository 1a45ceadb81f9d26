/** The adaptive limit against a backend that is simulated: it works on so many at once, and the rest waits there. */
import { describe, expect, test } from '@jest/globals';
import {
  GradientLimit,
  MAX_LIMIT,
  MIN_LIMIT,
} from '@lb/worker/internal/balancing/limits/gradient-limit';
import { seededRandom } from '@lb/shared/time/clock';

/** Clients that always have one more, a backend of some capacity, and between them the limit. */
class Simulation {
  readonly limit: GradientLimit;
  readonly limits: number[] = [];
  capacity: number;
  workMs: number;
  clients = 500;
  answered = 0;
  #nowMs = 0;
  readonly #random = seededRandom(5);
  /** When each that is worked on will be done, and since when it is here. */
  readonly #working: { readonly since: number; readonly done: number }[] = [];
  readonly #queued: number[] = [];

  constructor(capacity: number, workMs: number) {
    this.capacity = capacity;
    this.workMs = workMs;
    this.limit = new GradientLimit(seededRandom(1), 0);
  }

  get inFlight(): number {
    return this.#working.length + this.#queued.length;
  }

  run(ms: number): this {
    const until = this.#nowMs + ms;
    while (this.#nowMs < until) {
      while (this.inFlight < Math.min(this.limit.limit, this.clients))
        this.#queued.push(this.#nowMs);
      while (this.#working.length < this.capacity) {
        const since = this.#queued.shift();
        if (since === undefined) break;
        // Give or take a fifth.
        const done = this.#nowMs + this.workMs * (0.8 + 0.4 * this.#random());
        this.#working.push({ since, done });
      }
      this.#working.sort((a, b) => a.done - b.done);
      const next = this.#working[0];
      if (next === undefined) return this;
      this.#nowMs = Math.max(this.#nowMs, next.done);
      this.limit.observe(this.#nowMs - next.since, this.inFlight, this.#nowMs);
      this.#working.shift();
      this.answered++;
      this.limits.push(this.limit.limit);
    }
    return this;
  }

  /** The middle one of the limits of the last so many answers. */
  typical(answers = 500): number {
    return this.limits.slice(-answers).sort((a, b) => a - b)[Math.floor(answers / 2)] ?? 0;
  }
}

describe.each([
  [5, 100],
  [20, 50],
  [50, 20],
  [200, 100],
])('a backend that works on %d at once, %d ms each', (capacity, workMs) => {
  test('gets what it can work on, and not twice as much', () => {
    const simulation = new Simulation(capacity, workMs).run(20_000);

    expect(simulation.typical()).toBeGreaterThanOrEqual(capacity);
    expect(simulation.typical()).toBeLessThan(capacity * 2 + 3);
  });

  test('does nearly as much as it can', () => {
    const simulation = new Simulation(capacity, workMs).run(10_000);
    simulation.answered = 0;

    simulation.run(10_000);

    expect(simulation.answered).toBeGreaterThan((10_000 / workMs) * capacity * 0.9);
  });
});

test('a backend that loses most of its capacity gets less, and more again when it is back', () => {
  const simulation = new Simulation(40, 50).run(20_000);

  simulation.capacity = 8;
  simulation.run(20_000);
  expect(simulation.typical(300)).toBeLessThan(20);
  simulation.capacity = 40;
  simulation.run(20_000);

  expect(simulation.typical()).toBeGreaterThanOrEqual(40);
});

test('a backend that has become slower by nature is not held at the least for ever', () => {
  const simulation = new Simulation(40, 20).run(20_000);

  simulation.workMs = 200;
  simulation.run(60_000);

  expect(simulation.typical()).toBeGreaterThanOrEqual(40);
});

test('a limit that nobody reaches does not grow', () => {
  const simulation = new Simulation(1_000, 50);
  simulation.clients = 8;

  simulation.run(30_000);

  expect(simulation.limit.limit).toBeLessThanOrEqual(20);
});

test('keeps its bounds', () => {
  const simulation = new Simulation(2_000, 100);
  simulation.clients = 2_000;

  simulation.run(4_000);

  expect(Math.max(...simulation.limits)).toBe(MAX_LIMIT);
  expect(Math.min(...simulation.limits)).toBe(MIN_LIMIT);
});
