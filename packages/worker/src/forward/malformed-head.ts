/** What Node's parser lets pass in the head of an answer though no client may get it. */
import type { IncomingMessage } from 'node:http';

/** Reason phrases that may be written again. @see RFC 9112 section 4 */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Says what is wrong with a head that cannot be passed on; undefined when nothing is. */
export function malformationOf({
  statusCode = 0,
  statusMessage = '',
  headers,
}: IncomingMessage): string | undefined {
  if (statusCode < 200 || statusCode > 599) return `status ${statusCode}`;
  // Node refuses to write such a phrase, and throws.
  if (!REASON_PHRASE.test(statusMessage)) return 'control characters in the reason phrase';
  // Node looks for a last `chunked` alone: what else there is would stay in the body, and nothing would say so.
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'a transfer coding';
  return undefined;
}
