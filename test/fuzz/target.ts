/** What a parser has to offer to be fuzzed. A new target: a file beside this one, and its line in `targets.ts`. */

/** What a parser made of one connection's bytes. */
export interface Outcome {
  /** Everything that came out, and the error: deeply equal for equal bytes, however they were cut. */
  readonly trace: unknown;
  /** Broken promises: events out of order, an error that changes. */
  readonly violations: readonly string[];
  /** What was read, in the shape of `reference`; undefined when the bytes were refused, or are not whole. */
  readonly accepted: unknown;
}

/** Something that is accepted on purpose, and that Node refuses or reads in another way. */
export interface KnownDifference {
  readonly reason: string;
  /** The same message without it: on that, the target and Node must agree. */
  readonly without: (bytes: Buffer) => Buffer;
}

export interface FuzzTarget {
  /** Valid and invalid messages to start from. */
  readonly seeds: readonly Buffer[];
  /** What mutations insert: the words and the marks of the grammar, and what parsers have stumbled over. */
  readonly dictionary: readonly string[];
  /** Reads pieces with a new parser, then the end of the connection. */
  read(pieces: readonly Buffer[]): Outcome;
  /** A new parser that is fed without end; returns whether it takes more. It is kept, to see what it keeps. */
  open(): (piece: Buffer) => boolean;
  /** What Node's own strict parser reads in the same bytes; undefined when it refuses them. */
  reference(bytes: Buffer): Promise<unknown>;
  readonly known: readonly KnownDifference[];
}
