/** What somebody typed into "explain a request", as the API wants it. */
import type { ExplainRequest } from '@lb/shared/admin-api/explain';

export interface ExplainForm {
  readonly method: string;
  readonly url: string;
  /** One `Name: value` a line. */
  readonly headers: string;
  readonly clientIp: string;
}

/** @throws RangeError when a line is no header */
export function explainRequest({ method, url, headers, clientIp }: ExplainForm): ExplainRequest {
  const lines = headers.split('\n').filter((line) => line.trim() !== '');
  return {
    method,
    url: url.trim(),
    ...(lines.length > 0 && { headers: Object.fromEntries(lines.map(headerOf)) }),
    ...(clientIp.trim() !== '' && { clientIp: clientIp.trim() }),
  };
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new RangeError(`"${line.trim()}" is no header; expected Name: value`);
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}
