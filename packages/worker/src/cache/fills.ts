/** Which answers are on their way into the cache: who asks for the same one meanwhile waits for it. */
import type { BodyStore } from './body-store.ts';
import { Fill, type FillPlace } from './fill.ts';
import { type FieldReader, variantOf } from './vary.ts';

/** An address whose answer turned out not to be for others is not waited for in so long: nobody would gain by it. */
const PASS_MS = 10_000;

/** Addresses that are remembered for it; the oldest go first. */
const MAX_PASSED = 10_000;

export class Fills {
  readonly #byKey = new Map<string, Map<string, Fill>>();
  /** Those that nobody waits for, with their keys. */
  readonly #alone = new Map<Fill, string>();
  /** Until when, on the monotonic clock. */
  readonly #passed = new Map<string, number>();
  readonly #store: BodyStore;
  #maxBytes: number;

  /** @param store where bodies go @param maxBytes the largest that is stored */
  constructor(store: BodyStore, maxBytes: number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  /** @param maxBytes the largest body that is stored, from now on */
  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** The fill that a request may wait for. @param vary what the answers of the address are known to differ by */
  find(key: string, vary: readonly string[], request: FieldReader): Fill | undefined {
    return this.#byKey.get(key)?.get(variantOf(vary, request));
  }

  /** A fill that others find until it is closed. */
  open(key: string, vary: readonly string[], request: FieldReader): Fill {
    const variant = variantOf(vary, request);
    const fill = new Fill(this.#place, () => this.#forget(key, variant, fill));
    const variants = this.#byKey.get(key) ?? new Map<string, Fill>();
    variants.set(variant, fill);
    this.#byKey.set(key, variants);
    return fill;
  }

  /** A fill that nobody else waits for. */
  alone(key: string): Fill {
    const fill = new Fill(this.#place, () => this.#alone.delete(fill));
    this.#alone.set(fill, key);
    return fill;
  }

  /** What is on its way for an address will not be stored. */
  invalidate(key: string): void {
    // Those who waited begin anew, which makes new ones: they are none of these.
    const all = Array.from(this.#byKey.get(key)?.values() ?? []);
    for (const fill of all) fill.invalidate();
    for (const [fill, under] of this.#alone) if (under === key) fill.invalidate();
  }

  /** Same, of what is meant. @param isMeant `tags` are undefined before the answer has begun */
  purge(isMeant: (key: string, tags: readonly string[] | undefined) => boolean): void {
    const all = [...this.#byKey].flatMap(([key, variants]) =>
      [...variants.values()].map((fill) => ({ key, fill })),
    );
    for (const { key, fill } of all) if (isMeant(key, fill.tags)) fill.invalidate();
    for (const [fill, key] of this.#alone) if (isMeant(key, fill.tags)) fill.invalidate();
  }

  /** Nobody waits for this address for a while. */
  pass(key: string, nowMs: number): void {
    this.#passed.delete(key);
    this.#passed.set(key, nowMs + PASS_MS);
    if (this.#passed.size <= MAX_PASSED) return;
    for (const oldest of this.#passed.keys()) {
      this.#passed.delete(oldest);
      break;
    }
  }

  /** Whether it makes sense to wait for this address. */
  isWorthWaiting(key: string, nowMs: number): boolean {
    const until = this.#passed.get(key);
    if (until === undefined) return true;
    if (nowMs < until) return false;
    this.#passed.delete(key);
    return true;
  }

  get #place(): FillPlace {
    return { store: this.#store, maxBytes: this.#maxBytes };
  }

  #forget(key: string, variant: string, fill: Fill): void {
    const variants = this.#byKey.get(key);
    if (variants?.get(variant) !== fill) return;
    variants.delete(variant);
    if (variants.size === 0) this.#byKey.delete(key);
  }
}
