/**
 * xxHash64 on halves of 32 bits: a BigInt for each step would be allocated, for each request. It is the hash of Envoy, so the
 * same names give the same tables.
 *
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, whose steps are named here
 */

/** Looked up once: in the contexts that tests run in, each look at a global costs more than the product. */
const { imul } = Math;

/** 64 bits as two signed halves. */
export interface Hash64 {
  readonly hi: number;
  readonly lo: number;
}

const PRIME_1: Hash64 = { hi: 0x9e3779b1 | 0, lo: 0x85ebca87 | 0 };
const PRIME_2: Hash64 = { hi: 0xc2b2ae3d | 0, lo: 0x27d4eb4f };
const PRIME_3: Hash64 = { hi: 0x165667b1, lo: 0x9e3779f9 | 0 };
const PRIME_4: Hash64 = { hi: 0x85ebca77 | 0, lo: 0xc2b2ae63 | 0 };
const PRIME_5: Hash64 = { hi: 0x27d4eb2f, lo: 0x165667c5 };
const MINUS_PRIME_1: Hash64 = { hi: ~PRIME_1.hi, lo: -PRIME_1.lo | 0 };

const STRIPE_BYTES = 32;
const LANE_BYTES = 8;
/** By how many bits each accumulator of the stripes is turned when they converge. */
const CONVERGENCE = [1, 7, 12, 18] as const;

/** Hashes one text after the other; what it has in hand is the hash of the last. */
export class Xxh64 implements Hash64 {
  hi = 0;
  lo = 0;
  /** The four accumulators of a long text, high half first. */
  readonly #accumulators = new Int32Array(2 * CONVERGENCE.length);

  /**
   * @param text each character a byte, as in a head. Others, which only a query has once it is decoded, spill over into their
   * neighbours: not what any encoding would give, and the same everywhere.
   * @param seed 0 to 2^31 - 1
   */
  hash(text: string, seed = 0): this {
    const { length } = text;
    const stripesEnd = length - (length % STRIPE_BYTES);
    if (stripesEnd > 0) this.#takeStripes(text, stripesEnd, seed);
    else this.#begin(seed, PRIME_5);
    this.#add(0, length);
    this.#takeRest(text, stripesEnd);
    this.#avalanche();
    return this;
  }

  /** Steps 1 to 3. */
  #takeStripes(text: string, end: number, seed: number): void {
    this.#begin(seed, PRIME_2);
    this.#store(2);
    this.#add(PRIME_1.hi, PRIME_1.lo);
    this.#store(0);
    this.#set(0, seed);
    this.#store(4);
    this.#begin(seed, MINUS_PRIME_1);
    this.#store(6);
    for (let at = 0; at < end; at += LANE_BYTES) {
      const place = (at >>> 2) & 6;
      this.#setLane(text, at);
      this.#multiply(PRIME_2);
      this.#add(this.#accumulators[place] as number, this.#accumulators[place + 1] as number);
      this.#rotate(31);
      this.#multiply(PRIME_1);
      this.#store(place);
    }
    this.#converge();
  }

  #converge(): void {
    this.#set(0, 0);
    for (const [i, bits] of CONVERGENCE.entries()) {
      const { hi, lo } = this;
      this.#load(2 * i);
      this.#rotate(bits);
      this.#add(hi, lo);
    }
    for (let place = 0; place < this.#accumulators.length; place += 2) {
      const { hi, lo } = this;
      this.#load(place);
      this.#round();
      this.#xor(hi, lo);
      this.#multiply(PRIME_1);
      this.#add(PRIME_4.hi, PRIME_4.lo);
    }
  }

  /** Step 5. */
  #takeRest(text: string, start: number): void {
    const { length } = text;
    let at = start;
    for (; at + LANE_BYTES <= length; at += LANE_BYTES) {
      const { hi, lo } = this;
      this.#setLane(text, at);
      this.#round();
      this.#xor(hi, lo);
      this.#rotate(27);
      this.#multiply(PRIME_1);
      this.#add(PRIME_4.hi, PRIME_4.lo);
    }
    if (at + 4 <= length) {
      this.#xorProduct(fourBytes(text, at), PRIME_1);
      this.#rotate(23);
      this.#multiply(PRIME_2);
      this.#add(PRIME_3.hi, PRIME_3.lo);
      at += 4;
    }
    for (; at < length; at++) {
      this.#xorProduct(text.charCodeAt(at), PRIME_5);
      this.#rotate(11);
      this.#multiply(PRIME_1);
    }
  }

  /** Step 6. */
  #avalanche(): void {
    this.#xor(0, this.hi >>> 1);
    this.#multiply(PRIME_2);
    this.#xor(this.hi >>> 29, (this.hi << 3) | (this.lo >>> 29));
    this.#multiply(PRIME_3);
    this.#xor(0, this.hi);
  }

  /** The spec's round of a lane and an accumulator of 0. */
  #round(): void {
    this.#multiply(PRIME_2);
    this.#rotate(31);
    this.#multiply(PRIME_1);
  }

  #begin(seed: number, { hi, lo }: Hash64): void {
    this.#set(0, seed);
    this.#add(hi, lo);
  }

  #setLane(text: string, at: number): void {
    this.#set(fourBytes(text, at + 4), fourBytes(text, at));
  }

  #set(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
  }

  #load(place: number): void {
    this.#set(this.#accumulators[place] as number, this.#accumulators[place + 1] as number);
  }

  #store(place: number): void {
    this.#accumulators[place] = this.hi;
    this.#accumulators[place + 1] = this.lo;
  }

  #xor(hi: number, lo: number): void {
    this.hi ^= hi;
    this.lo ^= lo;
  }

  #xorProduct(value: number, prime: Hash64): void {
    const { hi, lo } = this;
    this.#set(0, value);
    this.#multiply(prime);
    this.#xor(hi, lo);
  }

  #add(hi: number, lo: number): void {
    const sum = (this.lo + lo) | 0;
    const carry = sum >>> 0 < lo >>> 0 ? 1 : 0;
    this.#set((this.hi + hi + carry) | 0, sum);
  }

  /** @param bits 1 to 31 */
  #rotate(bits: number): void {
    const { hi, lo } = this;
    this.#set((hi << bits) | (lo >>> (32 - bits)), (lo << bits) | (hi >>> (32 - bits)));
  }

  /** Modulo 2^64, by the quarters of the low halves: no product of two of them is above 32 bits. */
  #multiply(by: Hash64): void {
    const { hi, lo } = this;
    const low = lo & 0xffff;
    const high = lo >>> 16;
    const byLow = by.lo & 0xffff;
    const byHigh = by.lo >>> 16;
    const middle = (imul(high, byLow) >>> 0) + (imul(low, byLow) >>> 16);
    const other = (imul(low, byHigh) >>> 0) + (middle & 0xffff);
    const carried = imul(high, byHigh) + (middle >>> 16) + (other >>> 16);
    this.#set((carried + imul(lo, by.hi) + imul(hi, by.lo)) | 0, imul(lo, by.lo));
  }
}

/** Little-endian. */
function fourBytes(text: string, at: number): number {
  return (
    text.charCodeAt(at) ^
    (text.charCodeAt(at + 1) << 8) ^
    (text.charCodeAt(at + 2) << 16) ^
    (text.charCodeAt(at + 3) << 24)
  );
}
