/** Passes a backend's answer to the client: head, interim answers, body with backpressure, trailers, and failure. */
import { STATUS_CODES } from 'node:http';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { ResponseSink, UpstreamResponse } from '../forward/forwarder.ts';
import { toPairs } from '../forward/header-record.ts';
import type { Exchange } from './exchange.ts';
import { forwardableTrailers } from './hop-by-hop.ts';
import { readOff } from './read-off.ts';
import { responseHeaders } from './response-headers.ts';

/** Writes the head and starts the body. @throws Error when the head cannot be written: it came malformed. */
export function relayResponse(
  exchange: Exchange,
  upstream: UpstreamResponse,
  onEnd: () => void,
): void {
  const { request, response } = exchange;
  const { status } = upstream;
  const mayHaveTrailers =
    request.httpVersion === '1.1' && exchange.method !== 'HEAD' && status !== 204 && status !== 304;
  const { headers, hasLength } = responseHeaders(upstream.headers, status === 204, mayHaveTrailers);
  exchange.route?.editResponse?.(headers);
  if (exchange.connection.isEnding) headers.push('Connection', 'close');
  response.writeHead(status, upstream.statusMessage, headers);
  exchange.endsWithConnection = request.httpVersion === '1.0' && !hasLength;
  // A head whose body is slow to come (server-sent events) must not wait for it; a body at hand shares its packet.
  const flush = setImmediate(() => {
    if (!response.destroyed) response.flushHeaders();
  });
  upstream.relay(
    new ClientSink(exchange, upstream, () => {
      clearImmediate(flush);
      onEnd();
    }),
  );
}

/**
 * Passes on an interim answer, but 100, which is the balancer's own business. Written straight to the connection: Node's
 * writeEarlyHints throws on links that are well-formed (several in one field, a quoted title).
 * @see RFC 9110 section 15.2
 */
export function relayInformation(
  { request, response }: Exchange,
  status: number,
  raw: readonly string[],
): void {
  if (status === 100 || request.httpVersion !== '1.1' || response.headersSent) return;
  // A pipelined request has no connection before its turn; what is interim is not kept for it.
  const { socket } = response;
  // Nor are they queued for a client that does not read.
  if (socket === null || !socket.writable || socket.writableNeedDrain) return;
  const { headers } = responseHeaders(raw, true, false);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Up to this size a body is copied into the string of its head; above, copying costs more than a second write. */
const ONE_WRITE_BYTES = 16 * 1024;

class ClientSink implements ResponseSink {
  readonly #exchange: Exchange;
  readonly #upstream: UpstreamResponse;
  readonly #onEnd: () => void;

  constructor(exchange: Exchange, upstream: UpstreamResponse, onEnd: () => void) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#onEnd = onEnd;
  }

  data(chunk: Buffer): boolean {
    const { response } = this.#exchange;
    if (response.destroyed) return true;
    this.#exchange.responseBytes += chunk.length;
    if (response.write(chunk)) return true;
    response.once('drain', () => this.#upstream.resume());
    return false;
  }

  end(trailers: readonly string[], last?: Buffer): void {
    this.#onEnd();
    const { response } = this.#exchange;
    if (response.destroyed) return;
    const passed = forwardableTrailers(trailers);
    const hasTrailers = passed.length > 0 && response.chunkedEncoding;
    if (last !== undefined) this.#exchange.responseBytes += last.length;
    if (hasTrailers) response.addTrailers(toPairs(passed));
    if (last === undefined) response.end();
    // As a string it goes out in one write with the head; as a buffer it would take two.
    else if (last.length <= ONE_WRITE_BYTES) response.end(last.toString('latin1'), 'latin1');
    else response.end(last);
    this.#settleRequest();
  }

  fail(code: FailureCode): void {
    this.#onEnd();
    this.#exchange.cut(code);
  }

  /** The answer is out but the request is not all in: its rest must not be taken for the next one. */
  #settleRequest(): void {
    const { request, body } = this.#exchange;
    if (body === undefined || body.isComplete) return;
    body.stop();
    readOff(request, () => undefined);
  }
}
