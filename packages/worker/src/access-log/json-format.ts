/**
 * A line of JSON, built by hand with a fixed order of keys: a general serialiser would cost more than the rest of the
 * bookkeeping together. It is put together from as few pieces as can be: what is the same for a connection or a backend is kept
 * as it was written.
 */
import type { Backend } from '../balancing/backend.ts';
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import { flat } from '../http1/flat.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import type { Route } from '../request/route.ts';
import { quote } from './escape.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { LineFormat } from './line-format.ts';
import { protocolOf } from './protocol.ts';
import type { Redaction } from './redaction.ts';
import { TimeText } from './time-text.ts';

const NO_QUERY = bytesOf(',"query":null');
const QUERY = bytesOf(',"query":');
const BYTES = bytesOf(',"bytes":');
const REQUEST_BYTES = bytesOf(',"request_bytes":');
const CONNECT_MS = bytesOf(',"connect_ms":');
const TTFB_MS = bytesOf(',"ttfb_ms":');
const TOTAL_MS = bytesOf(',"total_ms":');
const NO_REASON = bytesOf(',"reason":null');

export class JsonFormat implements LineFormat {
  readonly #redaction: Redaction;
  readonly #time = new TimeText();
  readonly #outcomes = new WeakMap<Backend, Outcome>();
  #beginMs = Number.NaN;
  #beginPiece: Uint8Array = NO_QUERY;

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  write(line: LineBuffer, exchange: Exchange, { status, totalMs }: Ending, wallMs: number): void {
    const { connection, search, reason, trace } = exchange;
    let memo = connection.logMemo;
    if (memo === undefined || !this.#isOf(memo, exchange)) {
      memo = this.#newMemo(exchange);
      connection.logMemo = memo;
    }
    line.piece(this.#begin(wallMs));
    line.text(exchange.id);
    line.piece(memo.client);
    line.quoted(exchange.path);
    if (search === '') line.piece(NO_QUERY);
    else {
      line.piece(QUERY);
      line.quoted(this.#redaction.query(search.slice(1)));
    }
    line.piece(this.#outcome(exchange, status));
    line.whole(exchange.tries);
    line.piece(BYTES);
    line.whole(exchange.response.bodyBytes);
    line.piece(REQUEST_BYTES);
    line.whole(exchange.body?.receivedBytes ?? 0);
    line.piece(CONNECT_MS);
    line.milliseconds(exchange.connectMs);
    line.piece(TTFB_MS);
    line.milliseconds(exchange.ttfbMs);
    line.piece(TOTAL_MS);
    line.milliseconds(totalMs);
    if (reason === undefined) line.piece(NO_REASON);
    else line.text(`,"reason":"${reason}"`);
    if (trace !== undefined)
      line.text(`,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`);
    line.piece(memo.agent);
  }

  /** Status and where the request went: what nearly always comes together. */
  #outcome(exchange: Exchange, status: number): Uint8Array {
    const { route, pool, backend } = exchange;
    const protocol = protocolOf(exchange);
    const known = backend === undefined ? undefined : this.#outcomes.get(backend);
    if (known?.route === route && known?.status === status && known.protocol === protocol)
      return known.piece;
    const piece = bytesOf(
      `,"protocol":${quote(protocol)},"status":${status},"route":${quote(route?.name)}` +
        `,"pool":${quote(pool?.name)},"backend":${quote(backend?.name)},"tries":`,
    );
    if (backend !== undefined) this.#outcomes.set(backend, { route, status, protocol, piece });
    return piece;
  }

  /** Up to the id: the same for all lines of a millisecond. */
  #begin(wallMs: number): Uint8Array {
    if (wallMs === this.#beginMs) return this.#beginPiece;
    this.#beginMs = wallMs;
    this.#beginPiece = bytesOf(`{"time":"${this.#time.iso(wallMs)}","request_id":"`);
    return this.#beginPiece;
  }

  #isOf(memo: LogMemo, { clientAddress, host, method, head }: Exchange): boolean {
    return (
      memo.format === this &&
      memo.host === host &&
      memo.method === method &&
      memo.clientAddress === clientAddress &&
      (head === undefined
        ? memo.userAgent === undefined && memo.referer === undefined
        : head.lines.says(USER_AGENT, memo.userAgent) && head.lines.says(REFERER, memo.referer))
    );
  }

  #newMemo({ clientAddress, listener, host, method, head }: Exchange): LogMemo {
    const userAgent = head?.lines.valueOf(USER_AGENT);
    const referer = head?.lines.valueOf(REFERER);
    const agentShown = this.#redaction.field('user-agent', userAgent);
    const refererShown = this.#redaction.referer(referer);
    // A method that came this far is a token.
    const quotedMethod = method === '' ? 'null' : `"${method}"`;
    return {
      format: this,
      clientAddress: flat(clientAddress),
      host: host === undefined ? undefined : flat(host),
      method,
      userAgent: userAgent === undefined ? undefined : flat(userAgent),
      referer: referer === undefined ? undefined : flat(referer),
      client: bytesOf(
        `","client":${quote(clientAddress)},"listener":${quote(listener.name)}` +
          `,"method":${quotedMethod},"host":${quote(host)},"path":`,
      ),
      agent: bytesOf(`,"user_agent":${quote(agentShown)},"referer":${quote(refererShown)}}`),
    };
  }
}

function bytesOf(ascii: string): Uint8Array {
  return Buffer.from(ascii, 'latin1');
}

/** What is remembered of a backend: the piece of a line, and what it was made from. */
interface Outcome {
  readonly route: Route | undefined;
  readonly status: number;
  readonly protocol: string;
  readonly piece: Uint8Array;
}

/** What is remembered of a connection: pieces of lines, and what they were made from. */
export interface LogMemo {
  /** Whose pieces they are: a reload may redact what they hold. */
  readonly format: JsonFormat;
  readonly clientAddress: string;
  readonly host: string | undefined;
  readonly method: string;
  readonly userAgent: string | undefined;
  readonly referer: string | undefined;
  /** From the end of the id to the path. */
  readonly client: Uint8Array;
  /** From the end of the reason to the end of the line. */
  readonly agent: Uint8Array;
}
