/** The head of a backend's answer, as the client gets it. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';
import { valueOf } from '../http1/field-names.ts';
import type { Exchange } from './exchange.ts';
import { responseHeaders } from './response-headers.ts';
import type { Route } from './route.ts';

export function beginAnswer(exchange: Exchange, route: Route, answer: UpstreamAnswer): void {
  const { response, connection, head } = exchange;
  const { status } = answer;
  const mayHaveTrailers =
    head?.httpMinor === 1 && head.method !== 'HEAD' && status !== 204 && status !== 304;
  const { fields, hasLength, hasDate } = responseHeaders(
    answer.fields,
    status === 204,
    mayHaveTrailers,
  );
  let mayHaveDate = hasDate;
  if (route.editResponse !== undefined) {
    route.editResponse(fields);
    mayHaveDate ||= valueOf(fields, 'date') !== undefined;
  }
  response.begin(status, answer.statusMessage, fields, {
    hasLength,
    hasDate: mayHaveDate,
    closes: connection.isEnding,
  });
}
