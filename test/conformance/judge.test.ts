import { describe, expect, test } from '@jest/globals';
import type { RawResponse } from '../support/raw-client.ts';
import type { Case, Finding } from './corpus.ts';
import { judge } from './judge.ts';
import { takesOf } from './takes.ts';

const HOST = 'Host: lb.test\r\n';
const GET = `GET /a HTTP/1.1\r\n${HOST}\r\n`;
const ADMIN = `GET /admin HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST / HTTP/1.1\r\n${HOST}Content-Length: ${ADMIN.length}\r\n\r\n${ADMIN}`;
const BOTH = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

describe('the judge of a case', () => {
  test.each<[name: string, sent: string, received: string[]]>([
    ['a request that is passed on', GET, [GET]],
    ['an empty line in front', `\r\n${GET}`, [GET]],
    ['an absolute target', `GET http://lb.test/a HTTP/1.1\r\n${HOST}\r\n`, [GET]],
    ['a normalised path', `GET /b/../%61 HTTP/1.1\r\n${HOST}\r\n`, [GET]],
    ['two on two connections', GET + ADMIN, [ADMIN, GET]],
    [
      'a body in another framing',
      `${CHUNKED}1\r\nx\r\n0\r\n\r\n`,
      [`POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`],
    ],
    ['a body that was cut off on both sides', `${CHUNKED}1\r\nx\r\n`, [`${CHUNKED}1\r\nx\r\n`]],
    ['a body whose end is malformed, begun and dropped', `${CHUNKED}zz\r\n`, [CHUNKED]],
  ])('finds nothing in %s', (_name, sent, received) => {
    expect(findings('either', sent, received)).toEqual([]);
  });

  test.each<[name: string, sent: string, received: string[]]>([
    [
      'a body that became a request',
      POST,
      [POST.slice(0, POST.length - ADMIN.length).replace(/\d+\r\n\r/, '0\r\n\r') + ADMIN],
    ],
    ['a request sent twice', GET, [GET + GET]],
    ['another body', POST, [POST.replace('admin', 'other')]],
    ['a request behind a malformed one', BOTH + ADMIN, [ADMIN]],
    [
      'a request that has begun and is another',
      `${CHUNKED}1\r\nx\r\n`,
      ['GET /admin HTTP/1.1\r\n'],
    ],
    ['two that have begun where one was sent', `${CHUNKED}zz\r\n`, [CHUNKED, CHUNKED]],
  ])('calls %s smuggled', (_name, sent, received) => {
    expect(findings('either', sent, received)).toEqual(['smuggled']);
  });

  test.each<[name: string, received: string]>([
    ['a bare LF', GET.replace('\r\n', '\n')],
    ['NUL in a value', `GET /a HTTP/1.1\r\n${HOST}A: \0\r\n\r\n`],
    ['two lengths', BOTH],
    ['a chunk size that is none', `${CHUNKED}0x1\r\n`],
  ])('calls %s at the backend unsafe', (_name, received) => {
    expect(findings('either', received, [received])).toContain('unsafe');
  });

  test('calls a case that must be refused accepted when it came to the backend whole', () => {
    expect(findings('refuse', GET, [GET])).toEqual(['accepted']);
    expect(findings('refuse', `${CHUNKED}1\r\nx\r\n`, [`${CHUNKED}1\r\nx\r\n`])).toEqual([]);
  });

  test('has nothing against a good request in front of what must be refused', () => {
    expect(findings('refuse', GET + BOTH, [GET])).toEqual([]);
  });

  test.each<[name: string, statuses: number[]]>([
    ['refused', [400]],
    ['answered half', [200]],
    ['not answered', []],
  ])('calls a case that must pass over when it is %s', (_name, statuses) => {
    expect(findings('pass', GET + ADMIN, [], statuses)).toEqual(['over']);
  });

  test('asks for no answer behind the last request of a connection', () => {
    const last = GET.replace(HOST, `${HOST}Connection: Close\r\n`);
    expect(findings('pass', last + GET, [GET], [200])).toEqual([]);
  });
});

describe('the takes of a case', () => {
  const takes = (expected: Case['expected'], text: string): string[] =>
    takesOf({ suite: 's', id: 'i', steps: [Buffer.from(text)], expected }).map(({ steps }) =>
      Buffer.concat(steps).toString(),
    );
  const bare = 'PUT /a HTTP/1.1\r\nA: b\r\n\r\n';

  test('give a Host to each request that has none', () => {
    const named = 'PUT /a HTTP/1.1\r\nHost: lb.test\r\nA: b\r\n\r\n';
    expect(takes('pass', bare + bare)).toEqual([bare + bare, named + named]);
  });

  test('leave a case alone that has one, or is about having none', () => {
    expect(takes('pass', GET)).toEqual([GET]);
    expect(takes('refuse', bare)).toEqual([bare]);
  });

  test('look behind a missing Host for what else must be refused', () => {
    expect(takes('refuse', bare.replace('A:', 'A :'))).toHaveLength(2);
  });
});

/** What is found with these bytes on the two sides, `received` by connection. */
function findings(
  expected: Case['expected'],
  sent: string,
  received: readonly string[],
  statuses: readonly number[] = [],
): Finding[] {
  const answers = statuses.map((status): RawResponse => ({
    status,
    statusLine: '',
    headers: [],
    body: '',
    trailers: [],
  }));
  const toBytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  return [
    ...judge(expected, { sent: toBytes(sent), answers, received: received.map(toBytes) }).keys(),
  ];
}
