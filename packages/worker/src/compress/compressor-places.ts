/**
 * How many bodies a worker compresses at the same time. Each holds memory for as long as its client takes to read it, and
 * clients may take as long as they like; without a place an answer goes as it is.
 */

/** At 1.2 MiB each at most (docs/compression.md). */
const PLACES = 128;

export class CompressorPlaces {
  #taken = 0;

  get areTaken(): boolean {
    return this.#taken >= PLACES;
  }

  take(): void {
    this.#taken++;
  }

  giveBack(): void {
    this.#taken--;
  }
}
