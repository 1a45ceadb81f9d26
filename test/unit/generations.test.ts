import { describe, expect, test } from '@jest/globals';
import { Generations } from '@lb/shared/store/generations';
import { MemorySessions } from '@lb/shared/store/memory-sessions';
import { FakeClock } from '../support/fake-clock.ts';

describe('generations', () => {
  test('keep what is used and forget what is not', () => {
    const map = new Generations<number>(100);
    map.set('used', 1);
    map.set('unused', 2);

    for (let i = 0; i < 1_000; i++) {
      map.set(`other-${i}`, i);
      expect(map.get('used')).toBe(1);
    }

    expect(map.get('unused')).toBeUndefined();
  });

  test('are never more than there may be, and half of that at least', () => {
    const map = new Generations<number>(100);
    for (let i = 0; i < 1_000; i++) {
      map.set(`key-${i}`, i);
      expect(map.size).toBeLessThanOrEqual(100);
    }
    for (let i = 951; i < 1_000; i++) expect(map.get(`key-${i}`)).toBe(i);
  });

  test('have one value for a key, the last', () => {
    const map = new Generations<number>(4);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect(map.get('a')).toBe(3);
    map.delete('a');
    expect(map.get('a')).toBeUndefined();
    expect(map.size).toBe(1);
  });
});

describe('sessions in memory', () => {
  const SESSION = { pool: 'web', key: 'abc' };

  test('belong to the backend that was proposed first', () => {
    const sessions = new MemorySessions(() => 0);
    expect(sessions.bind(SESSION, 'a', 1_000)).toBe('a');
    expect(sessions.bind(SESSION, 'b', 1_000)).toBe('a');
    expect(sessions.bind({ pool: 'other', key: 'abc' }, 'b', 1_000)).toBe('b');
  });

  test('move once when their backend is gone, whoever says so', () => {
    const sessions = new MemorySessions(() => 0);
    sessions.bind(SESSION, 'a', 1_000);
    expect(sessions.bind(SESSION, 'b', 1_000, 'a')).toBe('b');
    expect(sessions.bind(SESSION, 'c', 1_000, 'a')).toBe('b');
  });

  test('live as long as they are used', () => {
    const clock = new FakeClock();
    const sessions = new MemorySessions(() => clock.monotonicMs());
    sessions.remember(SESSION, 'a', 1_000);
    clock.pass(900);
    expect(sessions.find(SESSION, 1_000)).toBe('a');
    clock.pass(900);
    expect(sessions.find(SESSION, 1_000)).toBe('a');
    clock.pass(1_001);
    expect(sessions.find(SESSION, 1_000)).toBeUndefined();
    expect(sessions.size).toBe(0);
  });
});
