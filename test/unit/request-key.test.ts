import { describe, expect, test } from '@jest/globals';
import {
  type KeyedRequest,
  parseKeySource,
  readKey,
} from '@lb/worker/internal/request/request-key';

describe('a source of keys', () => {
  test.each([
    ['client_ip', { kind: 'client_ip' }],
    ['path', { kind: 'path' }],
    ['host', { kind: 'host' }],
    ['header:X-User', { kind: 'header', name: 'x-user' }],
    ['cookie:Session', { kind: 'cookie', name: 'Session' }],
    ['query:Id', { kind: 'query', name: 'Id' }],
    ['query:a:b', { kind: 'query', name: 'a:b' }],
  ])('is read from %s', (text, source) => {
    expect(parseKeySource(text)).toEqual(source);
  });

  test.each([
    '',
    'ip',
    'client_ip:',
    'path:/a',
    'header',
    'header:',
    'cookie:',
    'query',
    'jwt:sub',
  ])('is none in %j', (text) => {
    expect(parseKeySource(text)).toBeUndefined();
  });
});

describe('the key of a request', () => {
  const fields: Readonly<Record<string, string>> = { 'x-user': 'ann', cookie: 'a=1; session=s1' };
  const request: KeyedRequest = {
    clientAddress: '192.0.2.1',
    path: '/a/b',
    hostname: 'lb.test',
    search: '?id=7&id=8&name=a%20b+c&empty=',
    header: (lower) => fields[lower],
  };

  test.each([
    ['client_ip', '192.0.2.1'],
    ['path', '/a/b'],
    ['host', 'lb.test'],
    ['header:X-USER', 'ann'],
    ['header:X-None', undefined],
    ['cookie:session', 's1'],
    ['cookie:SESSION', undefined],
    ['query:id', '7'],
    ['query:name', 'a b c'],
    ['query:empty', ''],
    ['query:none', undefined],
  ])('by %s is %j', (text, key) => {
    const source = parseKeySource(text);
    if (source === undefined) throw new Error(`${text} is a source`);
    expect(readKey(source, request)).toBe(key);
  });
});
