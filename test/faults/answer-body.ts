/** The one right answer to each id: client and backend make it alike without sending it to each other. */
import { bodyOf, makeBodies } from '../soak/bodies.ts';

const BODIES = makeBodies();

/** It takes many packets, so that there is a middle to break in. */
export const LARGE_BYTES = 256 * 1024;

/** From 64 bytes to 4 KiB. */
export function usualBytes(id: number): number {
  return 64 + ((id * 7_919) % 4_032);
}

export function answerBody(id: number, bytes: number): Buffer {
  return bodyOf(BODIES, id, bytes);
}

/** Every other answer comes in chunks. */
export function isChunked(id: number): boolean {
  return id % 2 === 1;
}

/** What a POST brings. */
export function uploadBody(id: number): Buffer {
  return bodyOf(BODIES, id * 31, 100 + (id % 1_000));
}
