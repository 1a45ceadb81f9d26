/** What a healthy answer looks like: a set of statuses, and a text in the first part of the body. */

/** Bytes of a body that are read to look for a text. */
export const BODY_WINDOW_BYTES: number = 64 * 1024;

/** True when the status is in a set such as `200`, `200-399` or `200,204,301-302`. */
export function statusMatches(set: string, status: number): boolean {
  return set.split(',').some((part) => {
    const [first = '', last = first] = part.split('-');
    return status >= Number(first) && status <= Number(last);
  });
}

/** Looks for a text in the first 64 KiB of a body that arrives in pieces. */
export class BodySearch {
  readonly #wanted: Buffer;
  #seen: Buffer = Buffer.alloc(0);

  constructor(text: string) {
    this.#wanted = Buffer.from(text);
  }

  /** Takes one more piece: `found`, `absent` when the window is full, `more` when it is open still. */
  add(chunk: Buffer): 'found' | 'absent' | 'more' {
    const room = BODY_WINDOW_BYTES - this.#seen.length;
    // A match may begin in what was seen before, but no earlier than this.
    const from = Math.max(0, this.#seen.length - this.#wanted.length + 1);
    this.#seen = Buffer.concat([this.#seen, chunk.subarray(0, room)]);
    if (this.#seen.includes(this.#wanted, from)) return 'found';
    return this.#seen.length >= BODY_WINDOW_BYTES ? 'absent' : 'more';
  }
}
