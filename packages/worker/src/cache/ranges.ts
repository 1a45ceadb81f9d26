/** Parts of a stored answer. @see RFC 9110 section 14 */

/** A part: from the first byte to behind the last. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** More parts than anybody needs cost more to send than the whole (CVE-2011-3192). */
const MAX_PARTS = 16;

/**
 * The parts that a Range asks for; none when there is nothing to be had of them (416); undefined when the whole is to be
 * sent: for a unit or a form that is not known, and for parts that are more than the whole.
 */
export function partsOf(range: string, size: number): readonly Part[] | undefined {
  const [, list] = /^bytes=(.*)$/i.exec(range.trim()) ?? [];
  if (list === undefined) return undefined;
  const specs = list.split(',').map((spec) => spec.trim());
  if (specs.length > MAX_PARTS) return undefined;
  const parts: Part[] = [];
  let total = 0;
  for (const spec of specs) {
    const match = /^(\d*)-(\d*)$/.exec(spec);
    if (match === null || spec === '-') return undefined;
    const [, first = '', last = ''] = match;
    if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
    const part = partOf(first, last, size);
    if (part === undefined) continue;
    parts.push(part);
    total += part.end - part.start;
  }
  return total > size ? undefined : parts;
}

function partOf(first: string, last: string, size: number): Part | undefined {
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? undefined : { start: size - length, end: size };
  }
  const start = Number(first);
  if (start >= size) return undefined;
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}

/** The value of Content-Range. */
export function contentRange({ start, end }: Part, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

/** Something that parts can be cut from. */
interface Whole {
  readonly size: number;
  copy(start: number, end: number): Buffer;
}

/** Several parts as one body. @param type Content-Type of the whole @see RFC 9110 section 14.6 */
export function multipart(
  body: Whole,
  parts: readonly Part[],
  boundary: string,
  type: string | undefined,
): Buffer {
  const pieces: Buffer[] = [];
  const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`;
  for (const part of parts) {
    const head = `--${boundary}\r\n${typeLine}Content-Range: ${contentRange(part, body.size)}\r\n\r\n`;
    pieces.push(Buffer.from(head, 'latin1'), body.copy(part.start, part.end));
    pieces.push(LINE_END);
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`, 'latin1'));
  return Buffer.concat(pieces);
}

const LINE_END = Buffer.from('\r\n', 'latin1');
