/** What a ResponseParser makes of bytes, written down. */
import {
  ResponseParser,
  type ParseError,
  type ParserLimits,
  type ResponseHead,
} from '@lb/worker/internal/forward/native/response-parser';

/** Everything that came out of a parser, in a shape that does not depend on how the bytes were cut. */
export interface Parsed {
  readonly interim: (readonly [status: number, headers: string[]])[];
  head: ResponseHead | undefined;
  /** Latin-1. */
  body: string;
  trailers: readonly string[] | undefined;
  error: ParseError | undefined;
  /** Broken promises about the order of events. */
  readonly violations: string[];
}

/** Feeds one answer in pieces and ends the connection behind the last. */
export function parsePieces(
  pieces: readonly Buffer[],
  isHead = false,
  limits?: ParserLimits,
): Parsed {
  const { parser, parsed } = recordingParser(limits);
  parser.expect(isHead);
  for (const piece of pieces) feed(parser, parsed, piece);
  const ended = parser.finish();
  if (parsed.error !== undefined && ended !== parsed.error) {
    parsed.violations.push(`finish says ${ended} after ${parsed.error}`);
  }
  parsed.error = ended;
  return parsed;
}

/** A parser that writes down its events, and what it should not have done. */
export function recordingParser(limits?: ParserLimits): { parser: ResponseParser; parsed: Parsed } {
  const parsed: Parsed = {
    interim: [],
    head: undefined,
    body: '',
    trailers: undefined,
    error: undefined,
    violations: [],
  };
  const check = (event: string, isInOrder: boolean): void => {
    if (!isInOrder) parsed.violations.push(`${event} out of order`);
    if (parsed.error !== undefined) parsed.violations.push(`${event} after ${parsed.error}`);
  };
  const parser = new ResponseParser(
    {
      onInformation: (status, lines) => {
        check('information', parsed.head === undefined);
        parsed.interim.push([status, lines.fields]);
      },
      onHead: (head) => {
        check('head', parsed.head === undefined);
        parsed.head = head;
      },
      onBody: (buffer, start, end) => {
        check('body', parsed.head !== undefined && parsed.trailers === undefined && start < end);
        parsed.body += buffer.toString('latin1', start, end);
      },
      onComplete: (trailers) => {
        check('complete', parsed.head !== undefined && parsed.trailers === undefined);
        parsed.trailers = trailers;
      },
    },
    limits,
  );
  return { parser, parsed };
}

/** Gives a piece from the middle of a larger buffer, whose other bytes nobody may read. */
export function feed(parser: ResponseParser, parsed: Parsed, piece: Buffer): void {
  const padded = Buffer.concat([Buffer.from('\r\n\r\n'), piece, Buffer.from('\r\n\r\nx')]);
  const before = parsed.error;
  const error = parser.execute(padded, 4, 4 + piece.length);
  if (before !== undefined && error !== before) parsed.violations.push(`${before}, then ${error}`);
  parsed.error = error;
}
