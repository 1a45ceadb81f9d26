/** Bytes as text, each byte one character. */

/** What `toString('latin1')` calls once it has found out which encoding that is; Buffer has always had it. */
interface Latin1Slicer {
  latin1Slice(start: number, end: number): string;
}

/** Same as `bytes.toString('latin1', start, end)`, which takes 40 ns more a call: 0.1 us of a request (Node 24.21). */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Latin1Slicer).latin1Slice(start, end);
}
