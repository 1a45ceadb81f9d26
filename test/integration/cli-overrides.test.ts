import { describe, expect, test } from '@jest/globals';
import type { AdminContext } from '@lb/primary/internal/admin/context';
import type { CliContext, SignalName } from '@lb/primary/internal/cli/cli-context';
import { runCli } from '@lb/primary/internal/cli/program';
import type { BackendReply, OverrideFacts } from '@lb/shared/admin-api/contract';
import { BACKEND, POOL, startAdmin } from '../support/admin-fixture.ts';
import { eventually } from '../support/eventually.ts';

const DRAIN: OverrideFacts = {
  state: 'drain',
  weight: null,
  since: '2026-01-01T00:00:00.000Z',
  deadline: null,
  by: 'root',
};
const DRAINING: BackendReply = { ...BACKEND, state: 'draining', override: DRAIN, inFlight: 2 };

/** An instance whose one backend is what the test says. */
async function instance(over: Partial<AdminContext> = {}) {
  const world = { backend: DRAINING };
  const admin = await startAdmin({
    over: {
      pools: () => [{ ...POOL, backends: [world.backend] }],
      backend: () => world.backend,
      ...over,
    },
  });
  return Object.assign(admin, { world });
}

/** A verb that runs against it. */
function begin(socketPath: string, args: readonly string[], isTTY = false) {
  const written = { stdout: '', stderr: '' };
  const listeners = new Map<SignalName, () => void>();
  const context: CliContext = {
    env: { USER: 'ann' },
    cwd: '/',
    uid: 1000,
    pid: 1,
    stdout: { isTTY, write: (text) => void (written.stdout += text) },
    stderr: { isTTY, write: (text) => void (written.stderr += text) },
    onSignal: (signal, listener) => void listeners.set(signal, listener),
    onFailure: () => undefined,
  };
  const code = runCli([...args, '--socket', socketPath], context);
  return { written, code, interrupt: () => listeners.get('SIGINT')?.() };
}

async function run(socketPath: string, ...args: string[]) {
  const { code, written } = begin(socketPath, args);
  return { code: await code, ...written };
}

describe('verbs that change a backend', () => {
  test.each([
    [['drain', 'app/a:1'], { state: 'drain', force: false }],
    [
      ['drain', 'app/a:1', '--deadline', '10m'],
      { state: 'drain', force: false, deadlineMs: 600_000 },
    ],
    [['disable', 'app/a:1', '--force'], { state: 'disabled', force: true }],
    [['enable', 'app/a:1'], { state: 'enabled' }],
    [['weight', 'app/a:1', '0'], { weight: 0, force: false }],
    [['weight', 'app/a:1', 'default'], { weight: null, force: false }],
  ])('%j asks for %j, and says who asks', async (args, change) => {
    await using admin = await instance();
    const { code, stderr } = await run(admin.socketPath, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'app/a:1: up, weight 1, 0 in flight\n' });
    const by = 'lbctl (uid 1000 ann)';
    const asked = JSON.stringify({ ...change, by });
    expect(admin.asked[0]).toBe(`change app a:1 ${asked} by ${by}`);
  });

  test.each([
    ['a:1', 'expected POOL/BACKEND'],
    ['/a:1', 'expected POOL/BACKEND'],
    ['app/', 'expected POOL/BACKEND'],
    ['apps/a:1', 'no pool is called "apps"; did you mean "app"?'],
    ['app/a:11', 'pool app has no backend "a:11"; did you mean "a:1"?'],
    ['app/elsewhere', 'pool app has no backend "elsewhere"; "lbctl backends" lists what there is'],
  ])('%s is wrong usage, and nothing is asked for', async (target, words) => {
    await using admin = await instance();
    const { code, stderr } = await run(admin.socketPath, 'drain', target);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(admin.asked).toEqual([]);
  });

  test('exit 4 with the reason when a guard refuses', async () => {
    const message = 'a:1 is the last backend of pool app that may get new traffic';
    const changeBackend = () =>
      Promise.resolve({ ok: false as const, status: 409 as const, message });
    await using admin = await instance({ changeBackend });
    expect(await run(admin.socketPath, 'drain', 'app/a:1')).toEqual({
      code: 4,
      stdout: '',
      stderr: `lbctl: refused: ${message}; --force does it all the same\n`,
    });
  });

  test('pass on why a change may not last, and give the backend as JSON', async () => {
    const backend = { ...DRAINING, warning: 'kept until this instance stops' };
    await using admin = await instance({
      changeBackend: () => Promise.resolve({ ok: true, backend }),
    });
    const { stdout, stderr } = await run(admin.socketPath, 'disable', 'app/a:1', '--json');
    expect(stderr).toContain('kept until this instance stops');
    expect(JSON.parse(stdout)).toEqual(DRAINING);
  });
});

describe('drain --wait', () => {
  const over = {
    changeBackend: () =>
      Promise.resolve({ ok: true as const, backend: { ...DRAINING, warning: null } }),
  };

  test('says each new number of requests in flight, and ends when there is none', async () => {
    await using admin = await instance(over);
    const { code, written } = begin(admin.socketPath, ['drain', 'app/a:1', '--wait']);
    admin.world.backend = { ...DRAINING, inFlight: 1 };
    await eventually(() => expect(written.stderr).toContain('1 in flight\n'));
    admin.world.backend = { ...DRAINING, inFlight: 0 };
    expect(await code).toBe(0);
    expect(written.stderr.split('\n')).toEqual([
      'app/a:1: draining, weight 1, 2 in flight',
      'app/a:1: 1 in flight',
      'app/a:1: 0 in flight',
      'app/a:1: empty, nothing is in flight',
      '',
    ]);
  });

  test('counts in one line on a terminal', async () => {
    await using admin = await instance(over);
    const { code, written } = begin(admin.socketPath, ['drain', 'app/a:1', '--wait'], true);
    admin.world.backend = { ...DRAINING, inFlight: 1 };
    await eventually(() => expect(written.stderr).toContain('1 in flight\n'));
    admin.world.backend = { ...DRAINING, inFlight: 0 };
    await code;
    expect(written.stderr).toContain('1 in flight\n\u001b[1A\u001b[2Kapp/a:1: 0 in flight\n');
  });

  test('ends with 0 when the deadline has passed, and says what is left', async () => {
    await using admin = await instance(over);
    const { code, written } = begin(admin.socketPath, ['drain', 'app/a:1', '--wait']);
    const override = { ...DRAIN, state: 'disabled' as const };
    admin.world.backend = { ...DRAINING, state: 'maintenance', override };
    expect(await code).toBe(0);
    expect(written.stderr).toContain('the deadline has passed, 2 still in flight');
  });

  test('ends with 1 when somebody enables the backend meanwhile', async () => {
    await using admin = await instance(over);
    const { code, written } = begin(admin.socketPath, ['drain', 'app/a:1', '--wait']);
    admin.world.backend = { ...BACKEND, inFlight: 2 };
    expect(await code).toBe(1);
    expect(written.stderr).toContain('was enabled meanwhile');
  });

  test('ends with 130 on Ctrl-C, and says that the drain goes on', async () => {
    await using admin = await instance(over);
    const { code, written, interrupt } = begin(admin.socketPath, ['drain', 'app/a:1', '--wait']);
    await eventually(() => expect(written.stderr).toContain('draining'));
    interrupt();
    expect(await code).toBe(130);
    expect(written.stderr).toContain('it drains until "lbctl enable app/a:1"');
  });
});

describe('overrides', () => {
  const entry = { pool: 'app', backend: 'a:1', isConfigured: true, ...DRAIN };

  test('are listed, those that wait for their backend too', async () => {
    const gone = { ...entry, backend: 'gone:1', isConfigured: false, state: null, weight: 3 };
    const reply = { overrides: [entry, gone], warning: null };
    await using admin = await instance({ overrides: () => reply });
    const { stdout } = await run(admin.socketPath, 'overrides');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s{2,}/)),
    ).toEqual([
      ['POOL', 'BACKEND', 'STATE', 'WEIGHT', 'DEADLINE', 'SINCE', 'BY'],
      ['app', 'a:1', 'drain', '-', '-', DRAIN.since, 'root'],
      ['app', 'gone:1 (not in the configuration)', '-', '3', '-', DRAIN.since, 'root'],
    ]);
    const asJson = await run(admin.socketPath, 'overrides', '--json');
    expect(JSON.parse(asJson.stdout)).toEqual(reply);
  });

  test('none is a remark, not a line of data', async () => {
    await using admin = await instance();
    const { stdout, stderr } = await run(admin.socketPath, 'overrides');
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'nothing was changed at run time\n' });
  });

  test('are cleared, and counted', async () => {
    await using admin = await instance();
    const { code, stderr } = await run(admin.socketPath, 'overrides', 'clear');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'cleared 2 overrides\n' });
    expect(admin.asked).toContain('clear by lbctl (uid 1000 ann)');
  });
});
