/** Requests, events and explanations as people read them. */
import { describe, expect, test } from '@jest/globals';
import { eventLine } from '@lb/primary/internal/cli/commands/events';
import { requestLine } from '@lb/primary/internal/cli/commands/logs';
import { explainLines, pastLines } from '@lb/primary/internal/cli/commands/explain';
import type { ExplainReply, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { AccessRecord } from '@lb/shared/admin-api/logs';
import type { EventReply } from '@lb/shared/admin-api/statistics';

const plain = { paint: (text: string): string => text };
const CONTROLS = /[^\x20-\x7e]/;

const EVENT: EventReply = {
  id: 1,
  at: '2026-01-31T12:00:00.000Z',
  type: 'health_change',
  level: 'warn',
  message: 'backend down',
  facts: { pool: 'web', reason: 'connect: refused', deadline: null, changes: ['a', 'b'] },
};

const REPLY: ExplainReply = {
  worker: 0,
  request: { method: 'GET', host: 'a.example', path: '/x\u001b[2J', query: '?y' },
  client: { address: '192.0.2.1', because: 'the other end' },
  routes: [
    { name: 'api', isMatch: false, because: 'no' },
    { name: 'all', isMatch: true, because: 'yes' },
  ],
  route: 'all',
  stages: [{ name: 'access', verdict: 'pass', because: 'fine' }],
  pool: null,
  outcome: 'answered with 410',
  status: 410,
};

const PAST: PastRequestReply = {
  id: 'abc',
  at: EVENT.at,
  worker: 1,
  kept: 'error',
  method: 'GET',
  host: 'a.example',
  path: '/\u009b2J',
  client: '192.0.2.1',
  listener: 'web',
  route: 'all',
  pool: 'web',
  backend: 'b1',
  tried: ['b0'],
  tries: 2,
  status: 502,
  reason: 'reset',
  totalMs: 12.3,
  ttfbMs: null,
  upstreamMs: 12,
  connectMs: 1.2,
  traceId: '0af7651916cd43dd8448eb211c80319c',
};

describe('an event', () => {
  test('is one line: when, how bad, what, and its facts', () => {
    expect(eventLine(EVENT, plain)).toBe(
      '2026-01-31T12:00:00.000Z  warn   backend down  pool=web reason="connect: refused" changes=["a","b"]',
    );
  });

  test('brings nothing but text to the terminal', () => {
    const facts = { reason: 'said \u001b[31m and \u009b2J\nand more' };
    expect(eventLine({ ...EVENT, facts }, plain)).not.toMatch(CONTROLS);
  });
});

describe('an explanation', () => {
  test('marks the route that matched', () => {
    const lines = explainLines(REPLY, plain);
    expect(lines).toContain('  -  api  no');
    expect(lines).toContain('  *  all  yes');
    expect(lines.at(-1)).toBe('outcome  answered with 410');
  });

  test('of a request that came says where it went', () => {
    const text = pastLines(PAST).join('\n');
    expect(text).toContain('backend  web/b1  2 tries, after b0');
    expect(text).toContain('answer   502  reset');
    expect(text).toContain('trace    0af7651916cd43dd8448eb211c80319c');
  });

  test('brings nothing but text to the terminal', () => {
    for (const line of [...explainLines(REPLY, plain), ...pastLines(PAST)])
      expect(line).not.toMatch(CONTROLS);
  });
});

describe('a request', () => {
  const RECORD: AccessRecord = {
    time: '2026-01-31T12:00:00.123Z',
    request_id: 'abc',
    client: '192.0.2.1',
    listener: 'web',
    method: 'GET',
    host: 'a.example',
    path: '/cart',
    query: 'x=1',
    protocol: 'HTTP/1.1',
    status: 502,
    route: 'shop',
    pool: 'web',
    backend: 'b1',
    tries: 2,
    bytes: 12,
    request_bytes: 0,
    connect_ms: null,
    ttfb_ms: null,
    total_ms: 1_234.5,
    reason: 'reset',
    user_agent: null,
    referer: null,
  };

  test('is one line: when, how it was answered, what was asked, where it went, who asked', () => {
    expect(requestLine(RECORD, plain)).toBe(
      '12:00:00.123Z  502   1235 ms  GET a.example/cart?x=1  shop  web/b1  192.0.2.1  reason=reset  tries=2',
    );
  });

  test('that no route took, and nobody could read, has dashes', () => {
    const nobody = { route: null, pool: null, backend: null, reason: null, tries: 0 };
    const unread = { ...RECORD, ...nobody, status: 400, method: null, host: null, client: null };
    expect(requestLine(unread, plain)).toBe('12:00:00.123Z  400   1235 ms  - /cart?x=1  -  -  -');
  });

  test('brings nothing but text to the terminal', () => {
    const path = '/\u001b[2J\u009b31m';
    expect(requestLine({ ...RECORD, path }, plain)).not.toMatch(CONTROLS);
  });
});
