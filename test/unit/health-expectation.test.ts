import { describe, expect, test } from '@jest/globals';
import {
  BODY_WINDOW_BYTES,
  BodySearch,
  statusMatches,
} from '@lb/primary/internal/health/probes/expectation';

describe('expected statuses', () => {
  test.each([
    ['200', 200, true],
    ['200', 201, false],
    ['200-399', 399, true],
    ['200-399', 400, false],
    ['200, 204 , 301 - 302', 301, true],
    ['200, 204 , 301 - 302', 303, false],
  ])('%s and %i: %p', (set, status, matches) => {
    expect(statusMatches(set, status)).toBe(matches);
  });
});

describe('body search', () => {
  test('finds a text split at any byte, over UTF-8 too', () => {
    const body = Buffer.from('état: prêt, oui');
    for (let cut = 0; cut <= body.length; cut += 1) {
      const search = new BodySearch('prêt');
      const verdicts = [search.add(body.subarray(0, cut)), search.add(body.subarray(cut))];
      expect(verdicts).toContain('found');
    }
  });

  test('does not see a text that ends beyond 64 KiB', () => {
    const search = new BodySearch('ok');
    expect(search.add(Buffer.alloc(BODY_WINDOW_BYTES - 1, 'x'))).toBe('more');
    expect(search.add(Buffer.from('ok'))).toBe('absent');
  });
});
