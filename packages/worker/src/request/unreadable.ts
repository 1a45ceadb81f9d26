/** What a client is told whose message cannot be read. The connection ends with it: where the next message begins is not known. */
import type { ParseError } from '../http1/parse-error.ts';
import { type Reply, closingReply } from './reply.ts';

const MALFORMED = closingReply('bad_request', 'malformed request');
const TOO_LARGE = closingReply('headers_too_large', 'the request head is too large');
const TOO_MANY_FIELDS = closingReply('headers_too_large', 'too many header fields');
const EXTENSIONS_TOO_LARGE = closingReply('body_too_large', 'the chunk extensions are too large');
const TOO_SLOW = closingReply('request_timeout', 'the request head came too slowly');

const SENTENCES: Partial<Record<ParseError, string>> = {
  bad_request_line: 'malformed request line',
  bad_line_end: 'a line does not end with CR LF',
  bad_field_name: 'malformed name of a header field',
  bad_field_value: 'control character in a header value',
  obsolete_fold: 'folded header line',
  bad_content_length: 'malformed or repeated Content-Length',
  bad_transfer_encoding: 'Transfer-Encoding must be exactly "chunked", and not in HTTP/1.0',
  length_and_chunked: 'both Content-Length and Transfer-Encoding',
  bad_chunk_size: 'malformed chunk size',
  bad_chunk_extension: 'malformed chunk extension',
  bad_chunk_end: 'a chunk is longer than it says',
};

/** The answer to bytes that are no message. */
export function unreadableReply(error: ParseError | 'too_slow'): Reply {
  switch (error) {
    case 'head_too_large':
      return TOO_LARGE;
    case 'too_many_fields':
      return TOO_MANY_FIELDS;
    case 'chunk_extensions_too_large':
      return EXTENSIONS_TOO_LARGE;
    case 'too_slow':
      return TOO_SLOW;
    default: {
      const sentence = SENTENCES[error];
      return sentence === undefined ? MALFORMED : closingReply('bad_request', sentence);
    }
  }
}
