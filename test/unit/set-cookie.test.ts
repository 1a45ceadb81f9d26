import { describe, expect, test } from '@jest/globals';
import { headTextOf } from '@lb/worker/internal/http1/head-text';
import { readSetCookie } from '@lb/worker/internal/request/set-cookie';

const NOW = Date.UTC(2026, 0, 1);

const read = (...fields: readonly string[]): ReturnType<typeof readSetCookie> =>
  readSetCookie(headTextOf(fields.flatMap((field) => ['Set-Cookie', field])), 'SID', NOW);

describe('what an answer does to a cookie', () => {
  test.each([
    ['SID=abc', 'abc'],
    ['SID=abc; Path=/; HttpOnly', 'abc'],
    ['SID="abc"; Path=/', 'abc'],
    ['SID=a=b', 'a=b'],
    ['SID=abc; Max-Age=60', 'abc'],
    ['SID=abc; Expires=Fri, 02 Jan 2026 00:00:00 GMT', 'abc'],
    ['SID=abc; max-age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT', 'abc'],
    ['SID=abc; Max-Age=soon', 'abc'],
    ['SID=abc; Expires=never', 'abc'],
  ])('it is set: %s', (field, value) => {
    expect(read(field)).toEqual({ value, isDeleted: false });
  });

  test.each([
    'SID=',
    'SID=abc; Max-Age=0',
    'SID=abc; max-age=-1',
    'SID=abc; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'SID=abc; Max-Age=0; Expires=Fri, 02 Jan 2026 00:00:00 GMT',
  ])('it is taken away: %s', (field) => {
    expect(read(field)?.isDeleted).toBe(true);
  });

  test.each(['OTHER=SID=abc', 'XSID=abc', 'other=1; SID=abc', 'a=1,SID=abc', 'sid=abc'])(
    'it is about another: %s',
    (field) => {
      expect(read(field)).toBeUndefined();
    },
  );

  test('the last of several counts', () => {
    expect(read('SID=old', 'OTHER=1', 'SID=new')?.value).toBe('new');
  });

  test('nothing, without the field', () => {
    expect(readSetCookie(headTextOf(['Content-Length', '0']), 'SID', NOW)).toBeUndefined();
  });
});
