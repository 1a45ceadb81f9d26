import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Block, BodyStore, PAGE_BYTES } from '@lb/worker/internal/cache/body-store';
import { Fill } from '@lb/worker/internal/cache/fill';
import { StoredBody } from '@lb/worker/internal/cache/stored-body';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes that differ from those of any other seed nearly everywhere. */
function bytesOf(seed: number, size: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + seed * 101) % 251),
  );
}

function overlap(one: Block, other: Block): boolean {
  const isApart = one.start + one.size <= other.start || other.start + other.size <= one.start;
  return one.bytes === other.bytes && !isApart;
}

describe('the memory for bodies', () => {
  test('never gives a byte to two at a time', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: PAGE_BYTES }), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const store = new BodyStore();
        const taken: Block[] = [];
        for (const [size, choice] of steps) {
          const block = store.take(size);
          expect(block.size).toBeGreaterThanOrEqual(size);
          expect(taken.filter((other) => overlap(other, block))).toEqual([]);
          taken.push(block);
          if (choice % 3 === 0) continue;
          const [given] = taken.splice(choice % taken.length, 1);
          if (given === undefined) continue;
          store.give(given);
        }
        for (const block of taken) store.give(block);
        expect(store.usedBytes).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('takes little more than the bodies', () => {
    const store = new BodyStore();
    const bodies = Array.from({ length: 500 }, (_, i) =>
      StoredBody.of(store, [Buffer.alloc(100 + ((i * 7919) % (40 * KIB)))]),
    );
    const bodyBytes = bodies.reduce((sum, { size }) => sum + size, 0);

    expect(store.usedBytes).toBeLessThan(bodyBytes * 1.1);
  });

  test('gives what was needed for a while back to the system', () => {
    const store = new BodyStore();
    const bodies = Array.from({ length: 20 }, () => StoredBody.of(store, [Buffer.alloc(MIB)]));
    expect(store.reservedBytes).toBeGreaterThanOrEqual(20 * MIB);

    for (const body of bodies) body.release();

    expect(store.reservedBytes).toBeLessThanOrEqual(4 * MIB);
    const again = StoredBody.of(store, [bytesOf(1, MIB)]);
    expect(again.copy().equals(bytesOf(1, MIB))).toBe(true);
  });

  test('is not given back twice', () => {
    const store = new BodyStore();
    const [block] = [store.take(100), store.take(100)];
    store.give(block);

    expect(() => store.give(block)).toThrow('twice');
  });
});

describe('a stored body', () => {
  test.each([
    ['an unknown length', undefined],
    ['its length', 100_000],
    ['less than its length', 5_000],
  ])('that grows by %s is read along, and is whole in the end', (_, length) => {
    const bytes = bytesOf(1, 100_000);
    const store = new BodyStore();
    const body = new StoredBody(store, length);
    const read: Buffer[] = [];
    let at = 0;

    for (let from = 0; from < bytes.length; from += 777) {
      body.append(bytes, from, Math.min(bytes.length, from + 777));
      at = body.read(at, body.size, (piece, start, end) => {
        read.push(Buffer.from(piece.subarray(start, end)));
        return read.length % 3 > 0;
      });
    }
    body.end();

    expect(body.copy().equals(bytes)).toBe(true);
    expect(Buffer.concat([...read, body.copy(at)]).equals(bytes)).toBe(true);
    expect(body.storedBytes).toBeLessThan(103_000);
  });

  test('small and of unknown length takes no page', () => {
    const body = new StoredBody(new BodyStore());
    body.append(bytesOf(3, 300), 0, 300);
    body.end();

    expect(body.storedBytes).toBeLessThan(350);
    expect(body.copy().equals(bytesOf(3, 300))).toBe(true);
  });

  test('gives out pages in a row in one piece', () => {
    const body = StoredBody.of(new BodyStore(), [bytesOf(1, 60 * KIB)]);

    expect(body.views(0, 60 * KIB)).toHaveLength(1);
    expect(body.views(10_000, 50_000).map(({ length }) => length)).toEqual([40_000]);
  });

  test('forgets what nobody will read, and goes on', () => {
    const bytes = bytesOf(5, 100_000);
    const store = new BodyStore();
    const body = new StoredBody(store);
    body.append(bytes, 0, 50_000);
    body.forget(40_000);
    body.append(bytes, 50_000, 100_000);

    expect(body.copy(40_000, 100_000).equals(bytes.subarray(40_000))).toBe(true);
    expect(() => body.copy(0, 10)).toThrow('not there');
    body.forget(100_000);
    body.release();
    expect(store.usedBytes).toBe(0);
  });

  test('is as it was as long as somebody holds it, and cannot be read when nobody does', () => {
    const store = new BodyStore();
    const body = StoredBody.of(store, [bytesOf(1, 100_000)]);
    body.hold();
    const views = body.views(0, 100_000);

    body.release();
    const others = Array.from({ length: 50 }, (_, i) =>
      StoredBody.of(store, [bytesOf(i + 2, 30_000)]),
    );
    expect(Buffer.concat(views).equals(bytesOf(1, 100_000))).toBe(true);
    body.release();

    expect(body.isGone).toBe(true);
    expect(() => body.read(0, 1, () => true)).toThrow('gone');
    expect(() => body.release()).toThrow('gone');
    for (const [i, other] of others.entries())
      expect(other.copy().equals(bytesOf(i + 2, 30_000))).toBe(true);
  });
});

describe('the body of an answer on its way', () => {
  const HEAD = {
    status: 200,
    statusLine: 'HTTP/1.1 200 OK\r\n',
    lines: '',
    freshness: {
      receivedMs: 0,
      initialAgeMs: 0,
      lifetimeMs: 1,
      noCache: false,
      mayBeStale: true,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      immutable: false,
    },
    vary: [],
    tags: [],
    etag: undefined,
    lastModified: undefined,
    wasAuthorized: false,
  };

  test.each<[string, (fill: Fill) => void]>([
    ['has come, and there is no place for it', (fill) => fill.finish([])],
    ['breaks off', (fill) => fill.abort('reset')],
    ['is of no use', (fill) => fill.decline()],
    ['grows too large, and nobody reads it', (fill) => void fill.take(Buffer.alloc(MIB), 0, MIB)],
  ])('gives its memory back when it %s', (_, end) => {
    const store = new BodyStore();
    const fill = new Fill({ store, maxBytes: MIB }, () => undefined);
    fill.begin({ head: HEAD, variant: '', length: undefined, keep: () => undefined });
    fill.take(Buffer.alloc(10 * KIB), 0, 10 * KIB);
    expect(store.usedBytes).toBeGreaterThan(0);

    end(fill);

    expect([store.usedBytes, fill.isWanted]).toEqual([0, false]);
  });
});
