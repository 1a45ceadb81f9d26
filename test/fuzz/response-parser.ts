/** The native engine's parser of answers, beside Node's own client. */
import {
  type ParserEvents,
  ResponseParser,
} from '@lb/worker/internal/forward/native/response-parser';
import { BAD_ANSWERS } from '../support/bad-answers.ts';
import { GOOD_ANSWERS } from '../support/good-answers.ts';
import { type Parsed, parsePieces } from '../support/parsed-answer.ts';
import { type NodeAnswer, readAsNode } from './node-client.ts';
import type { FuzzTarget, KnownDifference } from './target.ts';

const DICTIONARY: readonly string[] = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\n\n',
  '\0',
  ' ',
  '\t',
  ':',
  ': ',
  ',',
  ';',
  '=',
  '"',
  '\\',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 ',
  'HTTP/1.0 ',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n',
  'HTTP/1.1 204 No Content\r\n',
  'HTTP/1.1 304 Not Modified\r\n',
  'HTTP/2.0',
  'HTTP/0.9',
  '103',
  '199',
  '600',
  '099',
  'Content-Length: ',
  'content-length:5\r\n',
  'Content-Length: 0\r\n',
  'Content-Length',
  '+5',
  '-1',
  '0x5',
  '00',
  '5, 5',
  '1e1',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  'ffffffffffffffff',
  'fffffffffffff',
  'Transfer-Encoding: ',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding:\tCHUNKED \r\n',
  'chunked',
  'identity',
  'gzip, chunked',
  'Trailer: A\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'Set-Cookie: a=b\r\n',
  '__proto__: a\r\n',
  'A: b\r\n',
  ' folded\r\n',
  '0\r\n\r\n',
  '1\r\nx\r\n',
  '5\r\nhello\r\n',
  ';a=b',
  ';a="b\\"c"',
  '0;last\r\n',
  'X-Sum: 1\r\n',
];

const NOTHING_KEPT: ParserEvents = {
  onInformation: () => undefined,
  onHead: () => undefined,
  onBody: () => undefined,
  onComplete: () => undefined,
};

const KNOWN: readonly KnownDifference[] = [
  {
    reason: 'whitespace between the parts of a chunk extension, which the grammar allows',
    without: (bytes) => rewrite(bytes, /(?<=\r\n[\da-f]+)[ \t]*;[^\r\n]*(?=\r\n)/gi, ''),
  },
];

function rewrite(bytes: Buffer, pattern: RegExp, by: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(pattern, by), 'latin1');
}

/** @param isHead all requests are HEAD */
export function responseParser(isHead: boolean): FuzzTarget {
  return {
    seeds: [...GOOD_ANSWERS, ...BAD_ANSWERS].map(({ text }) => Buffer.from(text, 'latin1')),
    dictionary: DICTIONARY,
    read(pieces) {
      const parsed = parsePieces(pieces, isHead);
      return {
        trace: parsed,
        violations: [...parsed.violations, ...brokenEnd(parsed)],
        accepted: toAnswer(parsed),
      };
    },
    open() {
      const parser = new ResponseParser(NOTHING_KEPT);
      parser.expect(isHead);
      return (piece) => parser.execute(piece, 0, piece.length) === undefined;
    },
    reference: (bytes) => readAsNode(bytes, isHead),
    known: KNOWN,
  };
}

/** Whole and free of errors are the same thing, but for bytes behind the end. */
function brokenEnd({ trailers, error, interim }: Parsed): string[] {
  const isSwitched = interim.some(([status]) => status === 101);
  const isGood = error === undefined || (error === 'excess' && !isSwitched);
  return isGood === (trailers !== undefined) ? [] : [`whole: ${!isGood}, with ${error}`];
}

/** An answer with bytes behind it is relayed and its connection dropped; whether Node takes it depends on those bytes. */
function toAnswer({ interim, head, body, trailers, error }: Parsed): NodeAnswer | undefined {
  if (head === undefined || trailers === undefined || error !== undefined) return undefined;
  const { status, statusMessage, lines } = head;
  return { interim, status, statusMessage, headers: lines.fields, body, trailers };
}
