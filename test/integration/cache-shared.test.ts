/** A cache that workers share through Redis. */
import { describe, expect, test } from '@jest/globals';
import { freshAnswer, statusOf } from '../support/cached-front.ts';
import { eventually } from '../support/eventually.ts';
import { headerOf } from '../support/raw-client.ts';
import { shareCaches } from '../support/shared-caches.ts';

/** Each answer has the number of its request as its body. */
function numbered(...fields: readonly string[]): () => string {
  let count = 0;
  return () => freshAnswer(String(++count), fields);
}

describe('an answer that one worker has fetched', () => {
  test('is found by another, with its age', async () => {
    await using lb = await shareCaches(numbered('Age: 7'));

    const first = await lb.get(0);
    const second = await eventually(async () => {
      const answer = await lb.get(1);
      expect(statusOf(answer)).toMatch(/^lb; hit/);
      return answer;
    });

    expect(first.body).toBe('1');
    expect(second.body).toBe('1');
    expect(Number(headerOf(second, 'age'))).toBeGreaterThanOrEqual(7);
    expect(Number(headerOf(second, 'age'))).toBeLessThan(20);
    expect(lb.backend.requests.length).toBe(1);
  });
});
