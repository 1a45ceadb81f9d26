/** What is held after a collection, and what one parser holds of input that never ends. */
import { setImmediate as turn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Random } from '@lb/shared/time/clock';
import { MAX_BYTES, below, makeInput } from './mutate.ts';
import type { SharedInput } from './shared-input.ts';
import type { FuzzTarget } from './target.ts';

const PARSERS = 40;
const ENDLESS_BYTES = 2 * 1024 * 1024;
const PIECE_BYTES = 4_096;

/** A collection frees some things only a turn later, and what they held in the next. */
const MOST_COLLECTIONS = 10;
const STEADY_BYTES = 16 * 1024;

/** Of the heap of this thread and the buffers that belong to it. */
export async function heldBytes(): Promise<number> {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  let held = Infinity;
  for (let left = MOST_COLLECTIONS; left > 0; left--) {
    collect();
    await turn();
    const { heapUsed, external } = process.memoryUsage();
    if (held - heapUsed - external < STEADY_BYTES) break;
    held = heapUsed + external;
  }
  return held;
}

/** Bytes that a parser keeps when the end of its input is repeated for ever: the mean of many. */
export async function keptBytesOf(
  target: FuzzTarget,
  random: Random,
  input: SharedInput,
): Promise<number> {
  const before = await heldBytes();
  const parsers = Array.from({ length: PARSERS }, () => {
    const bytes = makeInput(target, random).subarray(0, MAX_BYTES >> 4);
    input.begin(bytes);
    const feed = target.open();
    const tail = bytes.subarray(below(random, bytes.length));
    const piece = Buffer.alloc(tail.length === 0 ? 0 : Math.max(tail.length, PIECE_BYTES), tail);
    let takesMore = piece.length > 0 && feed(bytes);
    for (let fed = 0; takesMore && fed < ENDLESS_BYTES; fed += piece.length)
      takesMore = feed(piece);
    return feed;
  });
  const after = await heldBytes();
  return Math.max(0, Math.round((after - before) / parsers.length));
}
