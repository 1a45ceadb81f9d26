/** The first line of an answer. */
import type { UpstreamAnswer } from '../forward/forwarder.ts';

/** With its CR LF. The backend's own, where it is one of HTTP/1.1 with the space before the reason phrase. */
export function statusLineOf({ status, statusMessage, lines }: UpstreamAnswer): string {
  const { text, fieldsStart } = lines;
  return text.startsWith('HTTP/1.1') && fieldsStart > SHORTEST_STATUS_LINE
    ? text.slice(0, fieldsStart)
    : `HTTP/1.1 ${status} ${statusMessage}\r\n`;
}

const SHORTEST_STATUS_LINE = 'HTTP/1.1 200\r\n'.length;
