import { describe, expect, test } from '@jest/globals';
import type { BackendOutcome } from '@lb/primary/internal/admin/context';
import { ask, BACKEND, startAdmin } from '../support/admin-fixture.ts';

const PATH = '/api/v1/pools/app/backends/a:1';
const JSON_TYPE = { 'content-type': 'application/json' };

type Fixture = Awaited<ReturnType<typeof startAdmin>>;

function put(where: Fixture['port'] | string, change: unknown, path: string = PATH) {
  return ask(where, 'PUT', path, { headers: JSON_TYPE, body: JSON.stringify(change) });
}

const refusing = (outcome: Extract<BackendOutcome, { ok: false }>) => ({
  changeBackend: () => Promise.resolve(outcome),
});

describe('a change of a backend', () => {
  test.each([
    [{ state: 'drain', deadlineMs: 600_000 }, ['drain ok']],
    [{ state: 'disabled', force: true }, ['disable ok']],
    [{ state: 'enabled' }, ['enable ok']],
    [{ weight: 0 }, ['weight ok']],
    [{ weight: null }, ['weight ok']],
    [{ state: 'drain', weight: 1000 }, ['drain ok', 'weight ok']],
  ])('%j is passed on, answered with the backend, and counted', async (change, counted) => {
    await using admin = await startAdmin();
    const { status, body } = await put(admin.port, change);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ ...BACKEND, warning: null });
    expect(admin.asked).toEqual([
      `change app a:1 ${JSON.stringify(change)} by 127.0.0.1`,
      ...counted,
    ]);
  });

  test.each([
    [{}, 'nothing to change: expected "state", "weight" or both'],
    [{ force: true }, 'nothing to change: expected "state", "weight" or both'],
    [{ wieght: 1 }, 'unknown key "wieght"; allowed: state, weight, deadlineMs, force, by'],
    [{ state: 'drain', wieght: 1 }, 'unknown key "wieght"'],
    [{ state: 'up' }, 'state: expected "enabled", "drain" or "disabled"'],
    [{ state: 'constructor' }, 'state: expected "enabled", "drain" or "disabled"'],
    [{ state: null }, 'state: expected "enabled", "drain" or "disabled"'],
    [{ weight: -1 }, 'weight: expected a whole number from 0 to 1000'],
    [{ weight: 1001 }, 'weight: expected a whole number from 0 to 1000'],
    [{ weight: 1.5 }, 'weight: expected a whole number from 0 to 1000'],
    [{ weight: '1' }, 'weight: expected a whole number from 0 to 1000'],
    [{ weight: 1, force: 'yes' }, 'force: expected true or false'],
    [{ weight: 1, by: 7 }, 'by: expected a text'],
    [{ state: 'drain', deadlineMs: 0 }, 'deadlineMs: expected a whole number from 1'],
    [{ state: 'drain', deadlineMs: 1e12 }, 'deadlineMs: expected a whole number from 1'],
    [{ state: 'disabled', deadlineMs: 1000 }, 'deadlineMs: goes with "state": "drain"'],
    [{ weight: 1, deadlineMs: 1000 }, 'deadlineMs: goes with "state": "drain"'],
  ])('%j is refused, and nothing is changed', async (change, error) => {
    await using admin = await startAdmin();
    const answer = await put(admin.port, change);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining(error) as unknown });
    expect(admin.asked.filter((call) => !call.endsWith(' refused'))).toEqual([]);
  });

  test.each([404, 409] as const)('%d when it cannot be done, with the reason', async (status) => {
    const over = refusing({ ok: false, status, message: 'so it is' });
    await using admin = await startAdmin({ over });
    const answer = await put(admin.port, { state: 'drain' });
    expect(answer).toMatchObject({ status, body: '{"error":"so it is"}\n' });
    expect(admin.asked).toEqual(['drain refused']);
  });

  test('a name with a slash is one segment when it is encoded', async () => {
    await using admin = await startAdmin();
    await put(admin.port, { weight: 1 }, '/api/v1/pools/app/backends/unix%3A%2Frun%2Fa.sock');
    expect(admin.asked[0]).toMatch(/^change app unix:\/run\/a\.sock /);
  });

  test('is by whoever says so, in one clean line, else by the address', async () => {
    await using admin = await startAdmin();
    const by = '  root\r\n\u001b[31mred\u202e' + 'x'.repeat(200);
    await put(admin.socketPath, { weight: 1, by });
    await put(admin.socketPath, { weight: 1, by: '\n' });
    await put(admin.port, { weight: 1 });
    const who = admin.asked.flatMap((call) => / by ([^]*)$/.exec(call)?.[1] ?? []);
    expect(who).toEqual([
      `root [31mred ${'x'.repeat(100 - 'root [31mred '.length)}`,
      'control socket',
      '127.0.0.1',
    ]);
  });

  test('of another site is refused', async () => {
    await using admin = await startAdmin();
    const headers = { ...JSON_TYPE, origin: 'http://evil.test' };
    const answer = await ask(admin.port, 'PUT', PATH, { headers, body: '{"weight":1}' });
    expect(answer.status).toBe(403);
    expect(admin.asked).toEqual([]);
  });
});

describe('clearing the overrides', () => {
  test('says how many there were, and is counted', async () => {
    await using admin = await startAdmin();
    const answer = await ask(admin.port, 'DELETE', '/api/v1/overrides');
    expect(JSON.parse(answer.body)).toEqual({ cleared: 2, warning: null });
    expect(admin.asked).toEqual(['overrides_clear ok', 'clear by 127.0.0.1']);
  });

  test('takes nothing but who wants it', async () => {
    await using admin = await startAdmin();
    const body = '{"pool":"app"}';
    const headers = { ...JSON_TYPE, 'content-length': body.length };
    const answer = await ask(admin.port, 'DELETE', '/api/v1/overrides', { headers, body });
    expect(answer.status).toBe(400);
    expect(admin.asked).toEqual(['overrides_clear refused']);
  });
});
