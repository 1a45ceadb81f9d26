/** Why bytes are no HTTP/1 message: one word for each cause, the same for requests and for answers. */

/** Constant, fit for a log field and a metric label. */
export type ParseError =
  /** The connection ended before a byte of the answer came: the one error after which a request may be sent again. */
  | 'no_answer'
  /** The connection ended in the middle of the message. */
  | 'truncated'
  /** Bytes behind a complete message, or that nobody asked for. */
  | 'excess'
  /** `expect` was called in the middle of a message. */
  | 'busy'
  | 'bad_status_line'
  | 'bad_request_line'
  | 'bad_line_end'
  | 'bad_field_name'
  | 'bad_field_value'
  | 'obsolete_fold'
  | 'head_too_large'
  | 'too_many_fields'
  | 'too_many_interim_answers'
  | 'bad_interim_answer'
  | 'framing_in_trailers'
  | 'bad_content_length'
  | 'bad_transfer_encoding'
  | 'length_and_chunked'
  | 'bad_chunk_size'
  | 'bad_chunk_extension'
  | 'chunk_extensions_too_large'
  | 'bad_chunk_end';
