/**
 * Which of the pools of a split a request goes to. At random, by weight; but where one of them is sticky, a client keeps to its
 * pool as well, or its session would be in one pool and half of its requests in another:
 *
 *     a cookie of one of the pools ──▶ that pool, whatever the weights are by now
 *     else ──▶ by the hash of what sessions go by, the client's address if need be: the same on every worker and instance
 */
import type { Random } from '@lb/shared/time/clock';
import { Xxh64 } from '../balancing/hashing/xxh64.ts';
import type { Pool } from '../balancing/pool.ts';
import { type KeyedRequest, readKey } from './request-key.ts';

/** One of the pools, and its share of the sum of all weights. */
export interface SplitPart {
  readonly pool: Pool;
  readonly weight: number;
}

/** Made when a snapshot arrives, from at least one part that has a weight. */
export function compileSplit(
  parts: readonly SplitPart[],
  random: Random,
): (request: KeyedRequest) => Pool {
  const split = new Split(parts, random);
  const isSticky = parts.some(({ pool }) => pool.sticky !== undefined);
  return isSticky ? (request) => split.keep(request) : () => split.draw();
}

class Split {
  readonly #parts: readonly SplitPart[];
  readonly #total: number;
  readonly #random: Random;
  readonly #hash = new Xxh64();

  constructor(parts: readonly SplitPart[], random: Random) {
    const weights = new Map<Pool, number>();
    for (const { pool, weight } of parts) weights.set(pool, (weights.get(pool) ?? 0) + weight);
    this.#parts = [...weights].map(([pool, weight]) => ({ pool, weight }));
    this.#total = parts.reduce((sum, { weight }) => sum + weight, 0);
    this.#random = random;
  }

  draw(): Pool {
    let mark = this.#random() * this.#total;
    for (const { pool, weight } of this.#parts) {
      mark -= weight;
      if (mark < 0) return pool;
    }
    return this.#last();
  }

  keep(request: KeyedRequest): Pool {
    for (const { pool } of this.#parts) if (pool.sticky?.owns(request) === true) return pool;
    const key = this.#keyOf(request);
    return key === '' ? this.draw() : this.#drawBy(key);
  }

  /** '' for a client on a unix socket that says nothing of itself. */
  #keyOf(request: KeyedRequest): string {
    for (const { pool } of this.#parts) {
      const { sticky } = pool;
      const key = sticky === undefined ? undefined : readKey(sticky.keySource, request);
      if (key) return key;
    }
    return request.clientAddress;
  }

  /**
   * Rendezvous hashing: shares are as the weights say, and when these change, as few clients move as can be.
   * @see D. Thaler, C. Ravishankar, "A name-based mapping scheme for rendezvous", 1996; weights by C. Schindelhauer and
   * G. Schomaker, "Weighted distributed hash tables", SPAA 2005
   */
  #drawBy(key: string): Pool {
    let best: Pool | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const { pool, weight } of this.#parts) {
      const mark = ((this.#hash.hash(`${key}\n${pool.name}`).hi >>> 0) + 0.5) / 2 ** 32;
      const distance = -Math.log(mark) / weight;
      if (distance >= least) continue;
      best = pool;
      least = distance;
    }
    return best ?? this.#last();
  }

  #last(): Pool {
    const last = this.#parts.at(-1);
    if (last === undefined) throw new Error('a checked split has a pool');
    return last.pool;
  }
}
