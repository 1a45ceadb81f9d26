/** Sends an answer of the balancer's own. */
import { valueOf } from '../http1/field-names.ts';
import { toLines } from '../http1/head-text.ts';
import { REASON_PHRASES } from '../http1/reason-phrases.ts';
import type { Exchange } from './exchange.ts';
import { type Reply, renderReply } from './reply.ts';

/**
 * A body that was not read costs the connection: a request hidden in the rest must not run. The connection reads it off in
 * measure before it closes, so that the client gets to see the answer.
 */
export function sendReply(exchange: Exchange, reply: Reply): void {
  const { response, connection, services } = exchange;
  exchange.reason ??= reply.reason;
  if (response.isBegun || exchange.isFinished) return;
  exchange.body?.stop();
  const { requestIdHeader } = services.runtime();
  const { fields, body } = renderReply(
    reply,
    exchange.header('accept'),
    requestIdHeader,
    exchange.id,
  );
  const lines = {
    text: toLines(fields) + exchange.answerLines,
    hasLength: true,
    hasDate: valueOf(fields, 'date') !== undefined,
  };
  const closes = reply.closes || connection.isEnding || !connection.hasWholeRequest;
  const statusLine = `HTTP/1.1 ${reply.status} ${REASON_PHRASES[reply.status] ?? ''}\r\n`;
  response.begin(reply.status, statusLine, lines, closes);
  response.write(body, 0, body.length);
  response.end([]);
}
