import type { Exchange } from '../request/exchange.ts';

/** `HTTP/1.1`; '' for a message that could not be parsed: it has no version. */
export function protocolOf({ head }: Exchange): string {
  return head === undefined ? '' : `HTTP/1.${head.httpMinor}`;
}
