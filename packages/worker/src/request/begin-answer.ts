/** The head of a backend's answer, as the client gets it. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import { beginResponse } from './begin-response.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderEdit } from './header-edits.ts';
import { type ResponseLines, responseLines } from './response-lines.ts';
import type { Route } from './route.ts';
import { statusLineOf } from './status-line.ts';

export function beginAnswer(exchange: Exchange, route: Route, answer: UpstreamAnswer): void {
  const { connection, head } = exchange;
  const { status } = answer;
  const mayHaveTrailers =
    head?.httpMinor === 1 && head.method !== 'HEAD' && status !== 204 && status !== 304;
  let lines = responseLines(answer.lines, status === 204, mayHaveTrailers);
  if (route.editResponse !== undefined) lines = edited(lines, route.editResponse);
  const { answerLines } = exchange;
  if (answerLines !== '') {
    const { text, hasLength, hasDate } = lines;
    lines = { text: text + answerLines, hasLength, hasDate };
  }
  const statusLine = statusLineOf(answer);
  beginResponse(exchange, route, { status, statusLine, lines, closes: connection.isEnding });
}

function edited({ text, hasLength }: ResponseLines, edit: HeaderEdit): ResponseLines {
  const fields = fieldsOf(text);
  edit(fields);
  return { text: toLines(fields), hasLength, hasDate: valueOf(fields, 'date') !== undefined };
}
