/** The parser of clients' requests, with what says where they go, beside Node's own server. */
import { isRefused } from '@lb/worker/internal/request/destination';
import {
  type RequestParserEvents,
  RequestParser,
} from '@lb/worker/internal/server/http1/request-parser';
import { MALFORMED } from '@lb/worker/internal/http1/field-section';
import { BAD_REQUESTS } from '../support/bad-requests.ts';
import { GOOD_REQUESTS } from '../support/good-requests.ts';
import {
  DEFAULT_LIMITS,
  parseRequests,
  type ParsedRequest,
  type ParsedRequests,
} from '../support/parsed-requests.ts';
import { mayBeLast, type PlainRequest, readAsNodeServer, upToLast } from './node-server.ts';
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
  '/',
  '?',
  '#',
  '@',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: a\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\n',
  'CONNECT a:1 HTTP/1.1\r\n',
  'M-SEARCH * HTTP/1.1\r\n',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  ' HTTP/0.9\r\n',
  ' HTTP/2.0\r\n',
  ' RTSP/1.0\r\n',
  'http://a/',
  'https://a:1?b',
  '/../',
  '%2e%2f',
  '%00',
  'Host: a\r\n',
  'Host: [::1]:80\r\n',
  'Content-Length: ',
  'content-length:5\r\n',
  'Content-Length: 0\r\n',
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
  'TE: trailers\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'Expect: 100-continue\r\n',
  '__proto__: a\r\n',
  'X_Forwarded_For: 1\r\n',
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

const NOTHING_KEPT: RequestParserEvents = {
  onHead: () => undefined,
  onBody: () => undefined,
  onComplete: () => undefined,
};

/** The place in front of such a name, in the lines behind a last chunk. */
const CONNECTION_IN_TRAILERS =
  /(?<=\r\n)(?=(?:connection|upgrade):)(?<=\r\n0+[^\r\n]*\r\n(?:[^\r\n]+\r\n)*)/gi;

const KNOWN: readonly KnownDifference[] = [
  {
    reason: 'whitespace between the parts of a chunk extension, which the grammar allows',
    // As long as before: in a chunk it would be data, counted by the chunk's size.
    without: (bytes) =>
      rewrite(bytes, /(?<=\r\n[\da-f]+)[ \t]*;[^\r\n]+(?=\r\n)/gi, ({ length }) =>
        ';'.padEnd(length, 'x'),
      ),
  },
  {
    reason: 'connection fields in trailers say nothing, and go no further',
    without: (bytes) => rewrite(bytes, CONNECTION_IN_TRAILERS, () => 'X-'),
  },
];

function rewrite(bytes: Buffer, pattern: RegExp, by: (found: string) => string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(pattern, by), 'latin1');
}

/** What is accepted is compared with Node: good ones often enough, or nearly everything is refused. */
const GOOD_TIMES = 6;

const SEEDS = [
  ...Array.from({ length: GOOD_TIMES }, () => GOOD_REQUESTS).flat(),
  ...BAD_REQUESTS,
].map(({ text }) => Buffer.from(text, 'latin1'));

export const requestParser: FuzzTarget = {
  seeds: SEEDS,
  dictionary: DICTIONARY,
  read(pieces) {
    const parsed = parseRequests(pieces);
    return { trace: parsed, violations: parsed.violations, accepted: acceptedOf(parsed) };
  },
  open() {
    const parser = new RequestParser(NOTHING_KEPT, DEFAULT_LIMITS);
    return (piece) => {
      let at = 0;
      while (at >= 0 && at < piece.length) at = parser.execute(piece, at, piece.length);
      return at !== MALFORMED;
    };
  },
  reference: readAsNodeServer,
  known: KNOWN,
};

/** The requests that go on to a route; undefined when one of them is refused, or not whole. */
export function acceptedOf(parsed: ParsedRequests): readonly PlainRequest[] | undefined {
  const all = parsed.requests.map(toPlain);
  const requests = upToLast(all);
  const isGood =
    requests.length > 0 &&
    parsed.requests.slice(0, requests.length).every(isAccepted) &&
    (mayBeLast(requests.at(-1)) || (parsed.error === undefined && parsed.isIdle));
  return isGood ? requests : undefined;
}

/** CONNECT is answered with 405 wherever it wants to go. */
function isAccepted({ method, destination, trailers }: ParsedRequest): boolean {
  const isOwn = isRefused(destination) && destination.status === 200;
  return method !== 'CONNECT' && trailers !== undefined && (isOwn || !isRefused(destination));
}

function toPlain(request: ParsedRequest): PlainRequest {
  const { method, target, httpMinor, fields, body, trailers = [] } = request;
  return { method, target, httpMinor, headers: fields, body, trailers };
}
