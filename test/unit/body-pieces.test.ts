import { expect, test } from '@jest/globals';
import { BodyPieces, type BodyReader } from '@lb/worker/internal/cache/body-pieces';
import { BodyStore } from '@lb/worker/internal/cache/body-store';
import { StoredBody } from '@lb/worker/internal/cache/stored-body';

const KIB = 1024;

/** A client whose kernel takes what it is given when the test says so. */
class SlowReader implements BodyReader {
  carrier: BodyReader['carrier'];
  readonly compressor = undefined;
  readonly taken: Buffer[] = [];
  readonly waiting: { readonly pieces: readonly Buffer[]; readonly onTaken: () => void }[] = [];
  isEnded = false;
  readonly response = {
    writeKept: (pieces: readonly Buffer[], onTaken: () => void): boolean => {
      this.waiting.push({ pieces, onTaken });
      return false;
    },
  };
  readonly target = {
    write: () => true,
    flush: () => undefined,
    end: () => {
      this.isEnded = true;
    },
  };

  take(): void {
    const { pieces, onTaken } = this.waiting.shift() ?? { pieces: [], onTaken: () => undefined };
    this.taken.push(...pieces.map((piece) => Buffer.from(piece)));
    onTaken();
  }
}

function send(bytes: Buffer): { body: StoredBody; reader: SlowReader; store: BodyStore } {
  const store = new BodyStore();
  const body = StoredBody.of(store, [bytes]);
  const reader = new SlowReader();
  new BodyPieces(reader, body, 0, bytes.length).resume();
  return { body, reader, store };
}

test('a body that is evicted is there until the kernel has its last piece', () => {
  const bytes = Buffer.alloc(200 * KIB, 'abcdefg');
  const { body, reader, store } = send(bytes);

  body.release();
  reader.take();
  reader.carrier?.resume();
  expect(reader.isEnded).toBe(true);
  StoredBody.of(store, [Buffer.alloc(200 * KIB, 'x')]);
  expect(body.isGone).toBe(false);
  reader.take();

  expect(body.isGone).toBe(true);
  expect(Buffer.concat(reader.taken).equals(bytes)).toBe(true);
});

test('a client that leaves lets go of what it was not given, and the kernel of the rest', () => {
  const { body, reader, store } = send(Buffer.alloc(500 * KIB));

  body.release();
  reader.carrier?.cancel();
  expect(body.isGone).toBe(false);
  reader.take();

  expect([body.isGone, store.usedBytes, reader.isEnded]).toEqual([true, 0, false]);
});
