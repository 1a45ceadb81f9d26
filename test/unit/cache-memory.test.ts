import { describe, expect, test } from '@jest/globals';
import { Entry } from '@lb/worker/internal/cache/entry';
import { GrowingBody } from '@lb/worker/internal/cache/growing-body';
import { MemoryTier } from '@lb/worker/internal/cache/memory-tier';

const NOBODY = { header: () => undefined };
const KIB = 1024;

function entry(key: string, bodyBytes: number, vary: readonly string[] = [], variant = ''): Entry {
  return new Entry(
    key,
    variant,
    {
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
      vary,
      tags: [],
      etag: undefined,
      lastModified: undefined,
      wasAuthorized: false,
      body: Buffer.alloc(bodyBytes),
    },
    0,
  );
}

function newTier(maxBytes: number): {
  tier: MemoryTier;
  size: () => number;
  evicted: () => number;
} {
  let bytes = 0;
  let evictions = 0;
  const tier = new MemoryTier(maxBytes, {
    onSize: (now) => (bytes = now),
    onEviction: () => evictions++,
  });
  return { tier, size: () => bytes, evicted: () => evictions };
}

describe('the memory of a cache', () => {
  test('gives up what was used longest ago, and counts more than the bodies', () => {
    const { tier, size, evicted } = newTier(40 * KIB);

    for (const key of ['a', 'b', 'c']) tier.put(entry(key, 10 * KIB));
    tier.get('a', NOBODY);
    tier.put(entry('d', 10 * KIB));

    const kept = ['a', 'b', 'c', 'd'].filter((key) => tier.get(key, NOBODY) !== undefined);
    expect(kept).toEqual(['a', 'c', 'd']);
    expect(evicted()).toBe(1);
    expect(size()).toBeGreaterThan(33 * KIB);
    expect(size()).toBeLessThanOrEqual(40 * KIB);
  });

  test('does not keep what is larger than all of it, and keeps the others', () => {
    const { tier } = newTier(20 * KIB);

    tier.put(entry('a', KIB));
    tier.put(entry('b', 20 * KIB));

    expect(tier.get('a', NOBODY)).toBeDefined();
    expect(tier.get('b', NOBODY)).toBeUndefined();
  });

  test('replaces a variant, drops all when they vary by something else, and is empty in the end', () => {
    const { tier, size } = newTier(100 * KIB);
    const request = { header: (name: string) => (name === 'x' ? '1' : undefined) };

    tier.put(entry('a', KIB, ['x'], '=1\n'));
    const before = size();
    tier.put(entry('a', KIB, ['x'], '=1\n'));
    expect(size()).toBe(before);
    tier.put(entry('a', KIB, ['y'], '\n'));
    expect(tier.get('a', request)?.answer.vary).toEqual(['y']);
    expect(tier.varyOf('a')).toEqual(['y']);
    tier.removeAll('a');

    expect([size(), tier.varyOf('a')]).toEqual([0, undefined]);
  });

  test('stays within its bound whatever comes', () => {
    const { tier, size } = newTier(100 * KIB);

    for (let i = 0; i < 2_000; i++) {
      tier.put(entry(`k${(i * 7) % 300}`, (i * 997) % (30 * KIB)));
      tier.get(`k${(i * 13) % 300}`, NOBODY);
      if (i % 11 === 0) tier.removeAll(`k${i % 300}`);
      expect(size()).toBeLessThanOrEqual(100 * KIB);
    }
    tier.clear();

    expect(size()).toBe(0);
  });
});

describe('a body that grows', () => {
  test.each([[undefined], [100_000]])(
    'is read in pieces and is whole in the end, of length %s',
    (length) => {
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
      const body = new GrowingBody(length);
      const read: Buffer[] = [];
      let at = 0;

      for (let from = 0; from < bytes.length; from += 777) {
        body.append(bytes, from, Math.min(bytes.length, from + 777));
        at = body.read(at, (piece, start, end) => {
          read.push(Buffer.from(piece.subarray(start, end)));
          return true;
        });
      }

      expect(Buffer.concat(read).equals(bytes)).toBe(true);
      expect(body.toBuffer().equals(bytes)).toBe(true);
      expect(body.toBuffer().buffer.byteLength).toBe(bytes.length);
    },
  );
});
