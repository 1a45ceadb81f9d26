import { describe, expect, test } from '@jest/globals';
import type { CliContext } from '@lb/primary/internal/cli/cli-context';
import { backendLines } from '@lb/primary/internal/cli/commands/backends';
import { formatUptime } from '@lb/primary/internal/cli/commands/status';
import { Output } from '@lb/primary/internal/cli/output';
import { formatTable } from '@lb/primary/internal/cli/table';
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import { POOL } from '../support/admin-fixture.ts';

const BACKEND: BackendReply = {
  name: 'b1',
  url: 'http://127.0.0.1:1',
  state: 'up',
  reason: 'not probed yet',
  backup: false,
  weight: 1,
  effectiveWeight: 1,
  slowStartLeftMs: null,
  override: null,
  inFlight: 12,
  requestsPerSecond: 3.25,
  p50Ms: 1.26,
  p95Ms: null,
  p99Ms: 120.4,
  errorRate: 0.125,
  breaker: null,
  permits: null,
  lastProbe: null,
  recentProbes: [],
};

const pool = (...backends: BackendReply[]): PoolReply[] => [{ ...POOL, name: 'web', backends }];

function outputOn(isTTY: boolean, env: Record<string, string> = {}, color = true) {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => void written.push(text) };
  const context: CliContext = {
    env,
    cwd: '/',
    uid: 0,
    pid: 1,
    stdout: stream,
    stderr: stream,
    onSignal: () => undefined,
    onFailure: () => undefined,
  };
  return { written, output: new Output(context, { color }) };
}

describe('tables', () => {
  test('align numbers to the right and text to the left, without trailing spaces', () => {
    const lines = formatTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'NOTE' }],
      [
        ['a', '10', ''],
        ['long name', '9', 'x'],
      ],
    );
    expect(lines).toEqual(['NAME        N  NOTE', 'a          10', 'long name   9  x']);
  });

  test('of backends are plain text when nobody looks', () => {
    const { output } = outputOn(false);
    const lines = backendLines(pool(BACKEND), output);
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
    expect(lines[1]?.split(/\s{2,}/)).toEqual([
      'web',
      'b1',
      'up',
      '1',
      '12',
      '3.3',
      '1.3 ms',
      '120 ms',
      '12.5%',
      'not probed yet',
    ]);
  });

  test('tell a backup and a slow start beside the state, and the weight that has been reached', () => {
    const { output } = outputOn(false);
    const ramping = { ...BACKEND, backup: true, slowStartLeftMs: 9_000, effectiveWeight: 0.7 };
    const [, line] = backendLines(pool(ramping), output);
    expect(line).toMatch(/up \(backup, slow start\) +0\.7 \(1\)/);
  });

  test('show backends that are down in red on a terminal', () => {
    const { output } = outputOn(true);
    const down = { ...BACKEND, state: 'down' as const };
    const [, line] = backendLines(pool(down), output);
    expect(line?.startsWith('\u001b[31m')).toBe(true);
  });
});

describe('colours', () => {
  test.each([
    { when: 'on a terminal', isTTY: true, env: {}, flag: true, expected: true },
    { when: 'not in a pipe', isTTY: false, env: {}, flag: true, expected: false },
    { when: 'not with NO_COLOR', isTTY: true, env: { NO_COLOR: '1' }, flag: true, expected: false },
    { when: 'with NO_COLOR empty', isTTY: true, env: { NO_COLOR: '' }, flag: true, expected: true },
    { when: 'not with --no-color', isTTY: true, env: {}, flag: false, expected: false },
  ])('$when', ({ isTTY, env, flag, expected }) => {
    expect(outputOn(isTTY, env, flag).output.paint('x', 'red') !== 'x').toBe(expected);
  });
});

test.each([
  [0, '0s'],
  [9_400, '9s'],
  [432_000, '7m 12s'],
  [7_500_000, '2h 5m'],
  [270_000_000, '3d 3h'],
  [86_400_000, '1d 0h'],
])('an uptime of %d ms reads %s', (ms, text) => {
  expect(formatUptime(ms)).toBe(text);
});
