import { describe, expect, test } from '@jest/globals';
import { expectRefused } from '../support/expect-refused.ts';
import { startFront } from '../support/front.ts';
import { ask, requestText } from '../support/raw-client.ts';
import { valuesOf } from '../support/strict-request-parser.ts';

describe('the lines of a request', () => {
  test.each([
    ['folded onto a second line', 'X-A: a\r\n b'],
    ['folded with a tab', 'X-A: a\r\n\tb'],
    ['with NUL in its value', 'X-A: a\0b'],
    ['with BEL in its value', 'X-A: a\x07b'],
    ['with DEL in its value', 'X-A: a\x7fb'],
    ['with a vertical tab in its value', 'X-A: a\x0bb'],
    ['with a bare CR in its value', 'X-A: a\rb'],
    ['ended by a bare LF', 'X-A: a\nX-B: b'],
    ['with a space before its colon', 'X-A : a'],
    ['with a tab in its name', 'X\tA: a'],
    ['with a bracket in its name', 'X[A]: a'],
    ['with Latin-1 in its name', 'X-\xeb: a'],
    ['with NUL in its name', 'X\0A: a'],
    ['without a name', ': a'],
    ['without a colon', 'X-A'],
  ])('refuses a field %s', async (_what, line) => {
    await expectRefused(requestText('GET /', [line]));
  });

  test('refuses a field before which a space stands', async () => {
    await expectRefused('GET / HTTP/1.1\r\n Host: lb.test\r\n\r\n');
  });

  test.each([
    'GET / HTTP/1.1\nHost: lb.test\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: lb.test\n\n',
    'GET / HTTP/1.1\rHost: lb.test\r\n\r\n',
    'GET /\r\n\r\n',
    'GET / HTTP/0.9\r\nHost: lb.test\r\n\r\n',
    'GET / HTTP/1\r\nHost: lb.test\r\n\r\n',
    'GET / HTTP/1.2\r\nHost: lb.test\r\n\r\n',
    'GET / HTTP/01.1\r\nHost: lb.test\r\n\r\n',
    'GET / HTTP/ 1.1\r\nHost: lb.test\r\n\r\n',
    'GET / HTTP/3.0\r\nHost: lb.test\r\n\r\n',
    'GET / http/1.1\r\nHost: lb.test\r\n\r\n',
    'GET / ICE/1.0\r\nHost: lb.test\r\n\r\n',
    'get / HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'G@T / HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'GET\t/ HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'GET /a b HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'GET /a\0b HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'GET /\xe9 HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'GET /?\xe9 HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'BREW /pot HTTP/1.1\r\nHost: lb.test\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])('refuses %j', async (text) => {
    await expectRefused(text);
  });

  test('answers the greeting of a TLS client with 400', async () => {
    await expectRefused(Buffer.from(`1603010200010001fc0303${'00'.repeat(64)}`, 'hex'));
  });

  test('answers random bytes with 400', async () => {
    await expectRefused(Buffer.from([0xde, 0xad, 0xbe, 0xef, 0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]));
  });

  test('writes a request line with two spaces anew', async () => {
    await using front = await startFront();
    await ask(front.port, 'GET  /a  HTTP/1.1\r\nHost: lb.test\r\n\r\n');
    expect(front.backend.violations).toEqual([]);
    expect(front.backend.requests.every(({ target }) => target === '/a')).toBe(true);
  });

  test('skips an empty line before a request', async () => {
    await using front = await startFront();
    await ask(front.port, `\r\n${requestText('GET /a')}`);
    expect(front.backend.only.target).toBe('/a');
    expect(front.backend.violations).toEqual([]);
  });

  test('passes Latin-1 in a value byte by byte', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('GET /', ['X-Name: caf\xe9']));
    expect(valuesOf(front.backend.only, 'x-name')).toEqual(['caf\xe9']);
  });

  test('passes a field called __proto__ like any other', async () => {
    await using front = await startFront();
    await ask(front.port, requestText('GET /', ['__proto__: a', 'constructor: b']));
    expect(valuesOf(front.backend.only, '__proto__')).toEqual(['a']);
    expect(valuesOf(front.backend.only, 'constructor')).toEqual(['b']);
  });
});
