/** The head of a backend's answer, as the client gets it, and who compresses its body, if anybody does. */
import type { BodySource } from '../compress/compression.ts';
import type { Compressor } from '../compress/compressor.ts';
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import { valueOf } from '../http1/field-names.ts';
import { fieldsOf, toLines } from '../http1/head-text.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderEdit } from './header-edits.ts';
import { type ResponseLines, responseLines } from './response-lines.ts';
import type { Route } from './route.ts';

/** @returns where the body goes; undefined when it goes to the client as it is */
export function beginAnswer(
  exchange: Exchange,
  route: Route,
  answer: UpstreamAnswer,
  source: BodySource,
): Compressor | undefined {
  const { response, connection, head } = exchange;
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
  const { compression } = route;
  const coded = compression?.head(exchange, status, lines);
  const statusLine = statusLineOf(answer);
  response.begin(status, statusLine, coded?.lines ?? lines, connection.isEnding);
  const hasBody = exchange.method !== 'HEAD';
  return hasBody && coded?.coding ? compression?.open(coded.coding, response, source) : undefined;
}

function edited({ text, hasLength }: ResponseLines, edit: HeaderEdit): ResponseLines {
  const fields = fieldsOf(text);
  edit(fields);
  return { text: toLines(fields), hasLength, hasDate: valueOf(fields, 'date') !== undefined };
}

/** The backend's own, where it is one of HTTP/1.1 with the space before the reason phrase. */
function statusLineOf({ status, statusMessage, lines }: UpstreamAnswer): string {
  const { text, fieldsStart } = lines;
  return text.startsWith('HTTP/1.1') && fieldsStart > SHORTEST_STATUS_LINE
    ? text.slice(0, fieldsStart)
    : `HTTP/1.1 ${status} ${statusMessage}\r\n`;
}

const SHORTEST_STATUS_LINE = 'HTTP/1.1 200\r\n'.length;
