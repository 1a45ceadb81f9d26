/** Reads one HTTP/1.1 message out of bytes, the way a careful peer would; the oracle of tests on raw connections. */

/** One message, as far as it has come. */
export interface HttpMessage {
  readonly startLine: string;
  /** Names as they were spelled, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** `close`: the end of the connection is the end of the body. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** By its own framing; never true for `close`. */
  readonly isComplete: boolean;
  /** Bytes it took, as far as it has come. */
  readonly size: number;
}

/** undefined while the head is not whole. @param hasNoBody of an answer to HEAD, which looks as if it had one */
export function parseMessage(bytes: Buffer, hasNoBody = false): HttpMessage | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const fields = lines.map(toField);
  const rest = bytes.subarray(headEnd + 4);
  const head = { startLine, fields, trailers: [] };
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(startLine)?.[1];
  const isBodyless = hasNoBody || (status !== undefined && /^(1\d\d|204|304)$/.test(status));
  const length = valueOf(fields, 'content-length');
  if (!isBodyless && valueOf(fields, 'transfer-encoding') !== undefined)
    return { ...head, framing: 'chunked', ...dechunk(rest, headEnd + 4) };
  if (isBodyless || (length === undefined && status === undefined))
    return {
      ...head,
      framing: 'none',
      body: Buffer.alloc(0),
      isComplete: true,
      size: headEnd + 4,
    };
  if (length === undefined)
    return { ...head, framing: 'close', body: rest, isComplete: false, size: bytes.length };
  const body = rest.subarray(0, Number(length));
  const isComplete = body.length === Number(length);
  return { ...head, framing: 'length', body, isComplete, size: headEnd + 4 + body.length };
}

/** Value of the first field of that name. @param lower in lower case */
export function valueOf(fields: HttpMessage['fields'], lower: string): string | undefined {
  return fields.find(([name]) => name.toLowerCase() === lower)?.[1];
}

function toField(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** @param offset of the body in the message */
function dechunk(
  bytes: Buffer,
  offset: number,
): Pick<HttpMessage, 'body' | 'trailers' | 'isComplete' | 'size'> {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size =
      lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const unfinished = {
      body: Buffer.concat(chunks),
      trailers: [],
      isComplete: false,
      size: offset + bytes.length,
    };
    if (Number.isNaN(size)) return unfinished;
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', lineEnd);
      if (end < 0) return unfinished;
      const lines = bytes.toString('latin1', lineEnd + 2, Math.max(lineEnd + 2, end)).split('\r\n');
      const trailers = lines.filter((line) => line !== '').map(toField);
      return { ...unfinished, trailers, isComplete: true, size: offset + end + 4 };
    }
    chunks.push(bytes.subarray(lineEnd + 2, Math.min(bytes.length, lineEnd + 2 + size)));
    at = lineEnd + 2 + size + 2;
    if (at > bytes.length) return { ...unfinished, body: Buffer.concat(chunks) };
  }
}
