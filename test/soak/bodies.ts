/** Bodies that client and backend can make alike without sending them to each other: slices of one fixed random buffer. */
import { createHash } from 'node:crypto';

const OFFSETS = 65_536;
/** The longest body. */
export const LONGEST_BODY_BYTES = 2 * 1024 * 1024;

/** Makes the buffer, the same in every process (xorshift32). */
export function makeBodies(): Buffer {
  const words = new Uint32Array((LONGEST_BODY_BYTES + OFFSETS) / 4);
  let state = 0x9e3779b9;
  for (let place = 0; place < words.length; place++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[place] = state;
  }
  return Buffer.from(words.buffer);
}

/** The body of that seed. @param size at most LONGEST_BODY_BYTES */
export function bodyOf(bodies: Buffer, seed: number, size: number): Buffer {
  const offset = seed % OFFSETS;
  return bodies.subarray(offset, offset + size);
}

/** In hex. */
export function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
