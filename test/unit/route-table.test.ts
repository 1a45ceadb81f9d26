import { describe, expect, test } from '@jest/globals';
import { hashBackwards, hashForwards } from '@lb/worker/internal/request/route-table/literal-hash';
import { placeFound, tableOf } from '../support/route-match.ts';

describe('the first route that matches takes the request', () => {
  test.each([
    ['a wildcard host before the name', [{ hosts: ['*.a.test'] }, { hosts: ['x.a.test'] }]],
    ['the name before a wildcard host', [{ hosts: ['x.a.test'] }, { hosts: ['*.a.test'] }]],
    ['a far wildcard before a near one', [{ hosts: ['*.test'] }, { hosts: ['*.a.test'] }]],
    ['every host before the name', [{ paths: ['/v1'] }, { hosts: ['x.a.test'] }]],
    ['the name before every host', [{ hosts: ['x.a.test'] }, { paths: ['/v1'] }]],
    ['a short prefix before a long one', [{ paths: ['/v1'] }, { paths: ['/v1/users'] }]],
    ['a long prefix before a short one', [{ paths: ['/v1/users'] }, { paths: ['/v1'] }]],
    ['a prefix before the exact path', [{ paths: ['/v1'] }, { paths: ['=/v1/users'] }]],
    ['the exact path before a prefix', [{ paths: ['=/v1/users'] }, { paths: ['/v1'] }]],
    ['an expression before a prefix', [{ paths: ['~users$'] }, { paths: ['/v1'] }]],
    ['a prefix before an expression', [{ paths: ['/v1'] }, { paths: ['~users$'] }]],
    ['the root before all', [{ paths: ['/'] }, { hosts: ['x.a.test'], paths: ['/v1/users'] }]],
    ['two that are alike', [{ paths: ['/v1'] }, { paths: ['/v1/*'] }]],
  ])('%s', (_case, matches) => {
    const request = { hostname: 'x.a.test', matchPath: '/v1/users' };
    expect(placeFound([{ paths: ['/other'] }, ...matches], request)).toBe(1);
  });

  test('one that looks right but wants something else is passed over', () => {
    const matches = [
      { paths: ['/v1'], methods: ['POST'] },
      { paths: ['/v1'], headers: { 'X-Tenant': 'acme' } },
      { paths: ['/v1'], query: { v: '2' } },
      { paths: ['/v1'] },
    ];
    const found = (says: object): unknown => placeFound(matches, { matchPath: '/v1', ...says });
    expect(found({ method: 'POST' })).toBe(0);
    expect(found({ headers: { 'x-tenant': 'acme' } })).toBe(1);
    expect(found({ search: '?v=2' })).toBe(2);
    expect(found({})).toBe(3);
  });

  test('by any of its hosts and any of its paths', () => {
    const matches = [{ hosts: ['a.test', '*.b.test'], paths: ['/one', '=/two', '~three'] }];
    const takes = (hostname: string, matchPath: string): boolean =>
      placeFound(matches, { hostname, matchPath }) === 0;
    expect([takes('a.test', '/two'), takes('x.b.test', '/one/x'), takes('a.test', '/x/three')]) //
      .toEqual([true, true, true]);
    expect([takes('b.test', '/one'), takes('a.test', '/two/x')]).toEqual([false, false]);
  });
});

describe('a host', () => {
  test.each([
    ['good.example', 'good.example', true],
    ['GOOD.example', 'good.example', true],
    ['good.example', 'xgood.example', false],
    ['good.example', 'x.good.example', false],
    ['good.example', 'good.example.evil', false],
    ['good.example', 'example', false],
    ['good.example', '', false],
    ['*.good.example', 'a.good.example', true],
    ['*.good.example', 'a.b.good.example', true],
    ['*.good.example', 'good.example', false],
    ['*.good.example', '.good.example', false],
    ['*.good.example', 'xgood.example', false],
    ['*.good.example', 'a.good.example.evil', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['[::ffff:192.0.2.1]', '[::ffff:192.0.2.1]', true],
  ])('%s takes %j: %s', (pattern, hostname, takes) => {
    expect(placeFound([{ hosts: [pattern] }], { hostname })).toBe(takes ? 0 : undefined);
  });
});

describe('a path', () => {
  test.each([
    ['/v1/*', '/v1', true],
    ['/v1/*', '/v1/', true],
    ['/v1/*', '/v1/a/b', true],
    ['/v1/*', '/v1a', false],
    ['/v1/*', '/v', false],
    ['/v1/*', '/', false],
    ['//v1//a', '/v1/a/b', true],
    ['/v1/', '/v1', true],
    ['/', '/', true],
    ['/', '/a/b', true],
    ['/*', '/a', true],
    ['=/', '/', true],
    ['=/', '/a', false],
    ['=/exact', '/exact', true],
    ['=/exact', '/exact/', false],
    ['=/exact/', '/exact/', true],
    ['=/exact/', '/exact', false],
    ['=//exact', '/exact', true],
    ['/%41', '/A', true],
    ['/a%2fb', '/a%2Fb', true],
    ['~^/re(gex)?$', '/regex', true],
    ['~^/re(gex)?$', '/rege', false],
  ])('%s takes %s: %s', (pattern, matchPath, takes) => {
    expect(placeFound([{ paths: [pattern] }], { matchPath })).toBe(takes ? 0 : undefined);
  });
});

describe('names that share a hash', () => {
  test('are told apart when they are paths', () => {
    expect(hashForwards('/2pf8')).toBe(hashForwards('/jrj6'));
    const matches = [{ paths: ['/2pf8'] }, { paths: ['/jrj6'] }];
    expect(placeFound(matches, { matchPath: '/jrj6/x' })).toBe(1);
    expect(placeFound(matches.slice(0, 1), { matchPath: '/jrj6/x' })).toBeUndefined();
  });

  test('are told apart when they are hosts', () => {
    expect(hashBackwards('6lwz.test')).toBe(hashBackwards('8dq2.test'));
    const matches = [{ hosts: ['6lwz.test'] }, { hosts: ['8dq2.test'] }];
    expect(placeFound(matches, { hostname: '8dq2.test' })).toBe(1);
    expect(placeFound(matches.slice(0, 1), { hostname: '8dq2.test' })).toBeUndefined();
  });
});

describe('TRACE and CONNECT', () => {
  test.each(['TRACE', 'CONNECT'])('%s matches only where a route names it', (method) => {
    expect(placeFound([{}], { method })).toBeUndefined();
    expect(placeFound([{}, { methods: [method] }], { method })).toBe(1);
  });

  test('are named by the table when one route names them, wherever it leads', () => {
    const table = tableOf([{}, { hosts: ['a.test'], methods: ['TRACE'] }]);
    expect([table.namesMethod('GET'), table.namesMethod('TRACE')]).toEqual([true, true]);
    expect(table.namesMethod('CONNECT')).toBe(false);
  });

  test('no method is named by a table whose routes name others', () => {
    expect(tableOf([{ methods: ['POST'] }]).namesMethod('GET')).toBe(false);
  });
});
