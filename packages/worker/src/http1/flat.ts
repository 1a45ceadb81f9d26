/** Text that is kept. */

/**
 * A copy of latin-1 text, in one piece with memory of its own. What V8 cuts out of a string keeps the whole of it alive, and what it
 * joins keeps all the pieces: a host that a connection remembers would hold the head it came in, of up to 16 KiB.
 */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
