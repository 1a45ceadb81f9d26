import { describe, expect, test } from '@jest/globals';
import { BodyStore } from '@lb/worker/internal/cache/body-store';
import { Entry } from '@lb/worker/internal/cache/entry';
import { MemoryTier } from '@lb/worker/internal/cache/memory-tier';
import { StoredBody } from '@lb/worker/internal/cache/stored-body';

const NOBODY = { header: () => undefined };
const KIB = 1024;

const HEAD = {
  status: 200,
  statusLine: 'HTTP/1.1 200 OK\r\n',
  lines: 'Date: now\r\n',
  freshness: {
    receivedMs: 0,
    initialAgeMs: 0,
    lifetimeMs: 60_000,
    noCache: false,
    mayBeStale: true,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    immutable: false,
  },
  tags: [],
  etag: undefined,
  lastModified: undefined,
  wasAuthorized: false,
};

class Memory {
  readonly store = new BodyStore();
  readonly tier: MemoryTier;
  bytes = 0;
  evictions = 0;

  constructor(maxBytes: number) {
    this.tier = new MemoryTier(maxBytes, this.store, {
      onSize: (now) => (this.bytes = now),
      onEviction: () => this.evictions++,
    });
  }

  /** What a fill does with a whole answer. */
  put(key: string, bodyBytes: number, vary: readonly string[] = [], variant = ''): Entry {
    const body = StoredBody.of(this.store, [Buffer.alloc(bodyBytes)]);
    const entry = new Entry({ key, variant, answer: { ...HEAD, vary }, body }, 0);
    this.tier.put(entry);
    body.release();
    return entry;
  }
}

describe('the memory of a cache', () => {
  test('gives up what was used longest ago, and counts more than the bodies', () => {
    const memory = new Memory(40 * KIB);

    for (const key of ['a', 'b', 'c']) memory.put(key, 10 * KIB);
    memory.tier.get('a', NOBODY);
    memory.put('d', 10 * KIB);

    const kept = ['a', 'b', 'c', 'd'].filter((key) => memory.tier.get(key, NOBODY) !== undefined);
    expect(kept).toEqual(['a', 'c', 'd']);
    expect(memory.evictions).toBe(1);
    expect(memory.bytes).toBeGreaterThan(33 * KIB);
    expect(memory.bytes).toBeLessThanOrEqual(40 * KIB);
  });

  test('does not keep what is larger than all of it, and keeps the others', () => {
    const memory = new Memory(20 * KIB);

    memory.put('a', KIB);
    const large = memory.put('b', 20 * KIB);

    expect(memory.tier.get('a', NOBODY)).toBeDefined();
    expect(memory.tier.get('b', NOBODY)).toBeUndefined();
    expect(large.isGone).toBe(true);
  });

  test('replaces a variant, drops all when they vary by something else, and is empty in the end', () => {
    const memory = new Memory(100 * KIB);
    const { tier } = memory;
    const request = { header: (name: string) => (name === 'x' ? '1' : undefined) };

    memory.put('a', KIB, ['x'], '=1\n');
    const before = memory.bytes;
    memory.put('a', KIB, ['x'], '=1\n');
    expect(memory.bytes).toBe(before);
    memory.put('a', KIB, ['y'], '\n');
    expect(tier.get('a', request)?.answer.vary).toEqual(['y']);
    expect(tier.varyOf('a')).toEqual(['y']);
    tier.removeAll('a');

    expect([memory.bytes, tier.varyOf('a')]).toEqual([0, undefined]);
  });

  test('stays within its bound whatever comes, and gives all of it back', () => {
    const memory = new Memory(100 * KIB);
    const { tier } = memory;

    for (let i = 0; i < 2_000; i++) {
      memory.put(`k${(i * 7) % 300}`, (i * 997) % (30 * KIB));
      tier.get(`k${(i * 13) % 300}`, NOBODY);
      if (i % 11 === 0) tier.removeAll(`k${i % 300}`);
      expect(memory.bytes).toBeLessThanOrEqual(100 * KIB);
    }
    expect(memory.store.usedBytes).toBeLessThanOrEqual(110 * KIB);
    tier.clear();

    expect([memory.bytes, memory.store.usedBytes]).toEqual([0, 0]);
  });

  test('keeps the body that a confirmed answer has from the one that it replaces', () => {
    const memory = new Memory(40 * KIB);
    const { key, variant, answer, body } = memory.put('a', 10 * KIB);

    memory.tier.put(new Entry({ key, variant, answer, body }, 1));

    expect(memory.tier.get('a', NOBODY)?.body.size).toBe(10 * KIB);
    memory.tier.clear();
    expect([body.isGone, memory.store.usedBytes]).toEqual([true, 0]);
  });
});
