/**
 * The same key to the same backend: on every worker and instance, whatever order the backends are listed in. Their names are
 * hashed, sorted first; the circle is made when they change, and a pick looks the key up in it.
 */
import type { KeySource } from '../../request/request-key.ts';
import type { Circle, Member } from '../hashing/circle.ts';
import { LoadBound } from '../hashing/load-bound.ts';
import { Xxh64 } from '../hashing/xxh64.ts';
import { anyMayTake, mayTake } from '../eligible.ts';
import type { Candidate, PickContext, Policy, PolicySetup } from '../policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** A key that has met so many places of backends beyond their bound stays with its own: nearly all must be. */
const MOST_PASSED = 256;

/** What makes a hash policy this one. */
export interface HashOptions {
  readonly keySource: KeySource;
  /** @see LoadBound */
  readonly balanceFactor: number;
  /** Called with the members in the order of their names. */
  readonly createCircle: (members: readonly Member[]) => Circle;
}

export class HashPolicy<C extends Candidate> implements Policy<C> {
  readonly keySource: KeySource;
  readonly #options: HashOptions;
  readonly #bound: LoadBound;
  /** For requests without a key. */
  readonly #draw: WeightedDraw<C>;
  readonly #hash = new Xxh64();
  #candidates: readonly C[] = [];
  #circle: Circle;

  constructor({ random }: Pick<PolicySetup, 'random'>, options: HashOptions) {
    this.keySource = options.keySource;
    this.#options = options;
    this.#bound = new LoadBound(options.balanceFactor);
    this.#draw = new WeightedDraw(random);
    this.#circle = options.createCircle([]);
  }

  update(candidates: readonly C[]): void {
    this.#candidates = candidates.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#circle = this.#options.createCircle(this.#candidates);
    this.#bound.update(candidates);
    this.#draw.update(candidates);
  }

  pick(context: PickContext): C | undefined {
    const { tried } = context;
    const key = context.hashKey(this.keySource);
    if (key === undefined || key === '') return this.#draw.draw(tried);
    if (!anyMayTake(this.#candidates, tried)) return undefined;
    return this.#from(this.#circle.placeOf(this.#hash.hash(key)), tried);
  }

  /** The first from this place on that may take it and is within its bound; where none is, the first that may take it. */
  #from(start: number, tried: readonly Candidate[]): C | undefined {
    const { owners } = this.#circle;
    let first: C | undefined;
    let passed = 0;
    let place = start;
    for (let steps = owners.length; steps > 0; steps--) {
      const candidate = this.#candidates[owners[place] as number] as C;
      place = place + 1 === owners.length ? 0 : place + 1;
      if (!mayTake(candidate, tried)) continue;
      if (!this.#bound.isFull(candidate)) return candidate;
      first ??= candidate;
      passed++;
      if (passed === MOST_PASSED) break;
    }
    return first;
  }
}
