/** The last lines of a file that may be large, read from its end. */
import { type FileHandle, open } from 'node:fs/promises';

const BLOCK_BYTES = 64 * 1024;

/** What is looked through at most for lines that are wanted. */
const MOST_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;

/**
 * The last `count` lines that are wanted, the oldest first. A line that is still being written counts; one that begins before
 * the last 16 MiB does not. @throws the system's error when the file cannot be read
 */
export async function lastLines(
  path: string,
  count: number,
  isWanted: (line: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  if (count === 0) return found;
  const file = await open(path, 'r');
  try {
    for await (const line of linesFromEnd(file)) {
      if (isWanted(line)) found.push(line);
      if (found.length === count) break;
    }
  } finally {
    await file.close();
  }
  return found.toReversed();
}

async function* linesFromEnd(file: FileHandle): AsyncGenerator<string, void, undefined> {
  const { size } = await file.stat();
  const first = Math.max(0, size - MOST_BYTES);
  /** The beginning of a line that was seen from its middle on. */
  let rest: Buffer = Buffer.alloc(0);
  let end = size;
  while (end > first) {
    const start = Math.max(first, end - BLOCK_BYTES);
    let block = Buffer.concat([await readBlock(file, start, end), rest]);
    for (let at = block.lastIndexOf(LINE_FEED); at !== -1; at = block.lastIndexOf(LINE_FEED)) {
      if (at < block.length - 1) yield block.toString('utf8', at + 1);
      block = block.subarray(0, at);
    }
    rest = block;
    end = start;
  }
  if (first === 0 && rest.length > 0) yield rest.toString('utf8');
}

/** Shorter when the file was cut off meanwhile. */
async function readBlock(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(end - start);
  const { bytesRead } = await file.read(block, 0, block.length, start);
  return block.subarray(0, bytesRead);
}
