/** The head of a backend's answer, as the client gets it. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderEdit } from './header-edits.ts';
import { type ResponseLines, responseLines } from './response-lines.ts';
import type { Route } from './route.ts';

export function beginAnswer(exchange: Exchange, route: Route, answer: UpstreamAnswer): void {
  const { response, connection, head } = exchange;
  const { status, statusMessage } = answer;
  const mayHaveTrailers =
    head?.httpMinor === 1 && head.method !== 'HEAD' && status !== 204 && status !== 304;
  let lines = responseLines(answer.lines, status === 204, mayHaveTrailers);
  if (route.editResponse !== undefined) lines = edited(lines, route.editResponse);
  response.begin(status, statusMessage, lines, connection.isEnding);
}

function edited({ text, hasLength }: ResponseLines, edit: HeaderEdit): ResponseLines {
  const fields = fieldsOf(text);
  edit(fields);
  return { text: toLines(fields), hasLength, hasDate: valueOf(fields, 'date') !== undefined };
}
