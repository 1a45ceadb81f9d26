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
import type { LineFormat } from './line-format.ts';
import { protocolOf } from './protocol.ts';
import type { Redaction } from './redaction.ts';
import { milliseconds, TimeText } from './time-text.ts';

export class JsonFormat implements LineFormat {
  readonly #redaction: Redaction;
  readonly #time = new TimeText();
  readonly #outcomes = new WeakMap<Backend, Outcome>();
  #beginMs = Number.NaN;
  #beginText = '';

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  line(exchange: Exchange, { status, totalMs }: Ending, wallMs: number): string {
    const { connection, search, reason, trace } = exchange;
    let memo = connection.logMemo;
    if (memo === undefined || !this.#isOf(memo, exchange)) {
      memo = this.#newMemo(exchange);
      connection.logMemo = memo;
    }
    return (
      this.#begin(wallMs) +
      exchange.id +
      memo.client +
      quote(exchange.path) +
      (search === '' ? ',"query":null' : this.#query(search)) +
      this.#outcome(exchange, status) +
      `${exchange.tries},"bytes":${exchange.response.bodyBytes},"request_bytes":${exchange.body?.receivedBytes ?? 0}` +
      `,"connect_ms":${milliseconds(exchange.connectMs)},"ttfb_ms":${milliseconds(exchange.ttfbMs)}` +
      `,"total_ms":${milliseconds(totalMs)}` +
      (reason === undefined ? ',"reason":null' : `,"reason":"${reason}"`) +
      (trace === undefined ? '' : `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`) +
      memo.agent
    );
  }

  #query(search: string): string {
    return `,"query":${quote(this.#redaction.query(search.slice(1)))}`;
  }

  /** Status and where the request went: what nearly always comes together. */
  #outcome(exchange: Exchange, status: number): string {
    const { route, pool, backend } = exchange;
    const protocol = protocolOf(exchange);
    const known = backend === undefined ? undefined : this.#outcomes.get(backend);
    if (known?.route === route && known?.status === status && known.protocol === protocol)
      return known.text;
    const text =
      `,"protocol":${quote(protocol)},"status":${status},"route":${quote(route?.name)}` +
      `,"pool":${quote(pool?.name)},"backend":${quote(backend?.name)},"tries":`;
    if (backend !== undefined)
      this.#outcomes.set(backend, { route, status, protocol, text: flat(text) });
    return text;
  }

  /** Up to the id: the same for all lines of a millisecond. */
  #begin(wallMs: number): string {
    if (wallMs === this.#beginMs) return this.#beginText;
    this.#beginMs = wallMs;
    this.#beginText = flat(`{"time":"${this.#time.iso(wallMs)}","request_id":"`);
    return this.#beginText;
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
      client: flat(
        `","client":${quote(clientAddress)},"listener":${quote(listener.name)}` +
          `,"method":${quotedMethod},"host":${quote(host)},"path":`,
      ),
      agent: flat(`,"user_agent":${quote(agentShown)},"referer":${quote(refererShown)}}\n`),
    };
  }
}

/** What is remembered of a backend: the piece of a line, and what it was made from. */
interface Outcome {
  readonly route: Route | undefined;
  readonly status: number;
  readonly protocol: string;
  readonly text: string;
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
  readonly client: string;
  /** From the end of the reason to the end of the line. */
  readonly agent: string;
}
