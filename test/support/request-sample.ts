/** Requests as bytes on the wire, to try parsers with. */
import type { ParseError } from '@lb/worker/internal/http1/parse-error';

interface RequestSample {
  readonly name: string;
  readonly text: string;
}

/** Well-formed, and only that. */
export interface GoodRequest extends RequestSample {
  /** Only for what Node's parser refuses: why ours does not. */
  readonly otherwise?: string;
  /** Method, target and body of each request. */
  readonly requests: readonly (readonly [method: string, target: string, body: string])[];
}

/** Refused. */
export interface BadRequest extends RequestSample {
  /** `unfinished` is no error: more must come. `destination` is for whoever reads target and Host to say. */
  readonly error: ParseError | 'unfinished' | 'destination';
  /** Only for what Node's parser takes: why ours does not. */
  readonly stricter?: string;
}

/** What a table says of a sample. */
export function stricterBy(
  table: ReadonlyMap<string, string>,
  piece: string,
): Pick<BadRequest, 'stricter'> {
  const stricter = table.get(piece);
  return stricter === undefined ? {} : { stricter };
}
