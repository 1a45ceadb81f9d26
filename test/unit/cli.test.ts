import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CliContext } from '@lb/primary/internal/cli/cli-context';
import { runCli } from '@lb/primary/internal/cli/program';

const GOOD =
  'listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [http://127.0.0.1:1] } }\n';
const BAD =
  'listeners: [{ bind: "127.0.0.1:0", nmae: web }]\npools: { web: { backends: [nonsense] } }\n';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lbctl-cli-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Runs lbctl in an empty directory, as a user without a running instance. */
async function lbctl(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const context: CliContext = {
    env: { XDG_RUNTIME_DIR: directory, ...env },
    cwd: directory,
    uid: process.getuid?.() ?? 0,
    pid: process.pid,
    stdout: { isTTY: false, write: (text) => void (written.stdout += text) },
    stderr: { isTTY: false, write: (text) => void (written.stderr += text) },
    onSignal: () => undefined,
    onFailure: () => undefined,
  };
  const code = await runCli(args, context);
  return { code, ...written };
}

describe('the command line', () => {
  test('shows the help and exits 2 when no verb is given', async () => {
    const { code, stdout, stderr } = await lbctl([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: lbctl');
  });

  test.each([['help'], ['--help'], ['start', '--help']])(
    'shows help on stdout: %s %s',
    async (...args) => {
      const { code, stdout } = await lbctl(args);
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: lbctl');
    },
  );

  test.each([
    [['statsu'], 'status'],
    [['start', '--lisen', ':1'], '--listen'],
  ])('exits 2 on %j and guesses %s', async (args, guess) => {
    const { code, stderr } = await lbctl(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^lbctl: unknown/);
    expect(stderr).toContain(guess);
  });

  test.each([
    [['config', 'show', '--resolved'], 'config'],
    [['completion', 'bash'], 'completion'],
  ])('refuses %j as not supported yet', async (args, verb) => {
    const { code, stderr } = await lbctl(args);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `lbctl: "${verb}" is not supported yet\n`,
    });
  });

  test.each(['0s', '2h', 'soon'])('refuses --guard %s', async (guard) => {
    const { code, stderr } = await lbctl(['reload', '--guard', guard]);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a duration');
  });

  test('plan exits 3 without a running instance', async () => {
    const { code, stderr } = await lbctl(['plan', '-c', file('lb.yaml', GOOD)]);
    expect(code).toBe(3);
    expect(stderr).toContain('no running instance');
  });

  test('does not list what it does not support', async () => {
    const { stdout } = await lbctl(['help']);
    expect(stdout).not.toMatch(/completion/);
  });

  test('says its version, as JSON too', async () => {
    expect((await lbctl(['version'])).stdout).toMatch(/^lbctl \d+\.\d+\.\d+ \(node 24/);
    const { stdout } = await lbctl(['version', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      version: expect.any(String),
      node: process.versions.node,
    });
  });

  test('prints the schema as JSON', async () => {
    const { code, stdout } = await lbctl(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('properties.listeners');
  });
});

describe('check', () => {
  test('accepts a good file', async () => {
    file('lb.yaml', GOOD);
    const { code, stdout } = await lbctl(['check']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'lb.yaml: ok (1 listener, 1 route, 1 pool, 1 backend)\n',
    });
  });

  test('shows every mistake of a bad one on stderr and exits 2', async () => {
    const { code, stdout, stderr } = await lbctl(['check', '-c', file('bad.yaml', BAD)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('did you mean "name"');
    expect(stderr).toContain('pools.web.backends[0]');
  });

  test('gives the mistakes as JSON on stdout', async () => {
    const { code, stdout, stderr } = await lbctl([
      'validate',
      '--json',
      '-c',
      file('bad.yaml', BAD),
    ]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, errors: [{ line: 1 }, { line: 2 }] });
  });

  test('takes the file from -c before $LBCTL_CONFIG before ./lb.yaml', async () => {
    file('lb.yaml', GOOD);
    const named = file('named.yaml', GOOD);
    const fromEnv = { LBCTL_CONFIG: file('env.yaml', GOOD) };
    expect((await lbctl(['check', '-c', named], fromEnv)).stdout).toContain('named.yaml: ok');
    expect((await lbctl(['check'], fromEnv)).stdout).toContain('env.yaml: ok');
    expect((await lbctl(['check'])).stdout).toContain('lb.yaml: ok');
  });

  test('says where it looked when there is no file', async () => {
    const { code, stderr } = await lbctl(['check']);
    expect(code).toBe(2);
    expect(stderr).toContain('./lb.yaml and /etc/lbctl/lb.yaml');
  });

  test('connects to the backends with --probe and says which refuse', async () => {
    await using backend = await listeningServer();
    const text = `listeners: [{ bind: "127.0.0.1:0" }]\npools: { web: { backends: [http://127.0.0.1:${backend.port}, http://127.0.0.1:1] } }\n`;
    const { code, stdout } = await lbctl([
      'check',
      '--probe',
      '--json',
      '-c',
      file('lb.yaml', text),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      backends: [{ ok: true }, { ok: false }],
    });
  });
});

describe('start', () => {
  test('exits 78 with the mistakes of an invalid configuration', async () => {
    const { code, stderr } = await lbctl(['start', '-c', file('bad.yaml', BAD)]);
    expect(code).toBe(78);
    expect(stderr).toContain('did you mean "name"');
  });

  test('exits 78 when there is no configuration at all, or not the one that is named', async () => {
    expect((await lbctl(['start'])).code).toBe(78);
    expect((await lbctl(['start', '-c', 'missing.yaml'])).code).toBe(78);
  });

  test.each([
    [['--listen', ':8080'], '--listen'],
    [['--admin', ':9090'], '--admin'],
    [['--to', 'http://127.0.0.1:1', '-c', 'lb.yaml'], '--config'],
    [['--to', 'nonsense'], '--to'],
    [['--to', 'http://127.0.0.1:1', '--listen', 'nonsense'], '--listen'],
    [['--to', 'http://127.0.0.1:1', '--workers', '0'], '--workers'],
  ])('exits 2 on %j', async (args, flag) => {
    const { code, stderr } = await lbctl(['start', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(flag);
  });
});

describe('verbs that need an instance', () => {
  test.each([
    'stop',
    'reload',
    'status',
    'backends',
    'drain web/b1 --wait --deadline 10m',
    'enable web/b1',
    'disable web/b1 --force',
    'weight web/b1 0',
    'overrides',
    'overrides clear',
  ])('%s exits 3 without one', async (verb) => {
    file('lb.yaml', GOOD);
    const { code, stdout, stderr } = await lbctl(verb.split(' '));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('no running instance for lb.yaml');
  });

  test('exit 3 when neither a file nor a socket is there', async () => {
    expect((await lbctl(['status'])).code).toBe(3);
  });

  test('exit 3 for a --socket nobody answers on', async () => {
    const { code, stderr } = await lbctl(['status', '--socket', 'gone.sock']);
    expect(code).toBe(3);
    expect(stderr).toContain(join(directory, 'gone.sock'));
  });

  test('refuse a duration that is none', async () => {
    expect((await lbctl(['stop', '--timeout', 'soon'])).code).toBe(2);
    expect((await lbctl(['drain', 'web/b1', '--deadline', 'soon'])).code).toBe(2);
  });

  test.each(['-1', '1001', '1.5', 'much', ''])('refuse the weight %j', async (weight) => {
    const { code, stderr } = await lbctl(['weight', 'web/b1', '--', weight]);
    expect(code).toBe(2);
    expect(stderr).toContain('0 to 1000');
  });
});

async function listeningServer(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
