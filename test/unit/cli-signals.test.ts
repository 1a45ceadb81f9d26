import { expect, test } from '@jest/globals';
import { handleSignals } from '@lb/primary/internal/cli/instance-signals';
import type { SignalName } from '@lb/primary/internal/cli/cli-context';
import { createLogger } from '@lb/shared/logging/logger';

function setup() {
  const calls: string[] = [];
  const listeners = new Map<SignalName, () => void>();
  const record = (name: string) => async () => void calls.push(name);
  const instance = {
    stop: record('stop'),
    kill: record('kill'),
    hangUp: record('hangUp'),
    roll: record('roll'),
  };
  const log = createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false });
  const exitCode = handleSignals(instance, (name, listener) => listeners.set(name, listener), log);
  const send = (name: SignalName): void => listeners.get(name)?.();
  return { calls, send, exitCode };
}

test('the first TERM or INT stops gracefully and the second at once', () => {
  const { calls, send, exitCode } = setup();
  send('SIGTERM');
  expect([calls, exitCode()]).toEqual([['stop'], 0]);
  send('SIGINT');
  expect([calls, exitCode()]).toEqual([['stop', 'kill'], 1]);
});

test('an instance that Ctrl-C ends exits with 130', () => {
  const { calls, send, exitCode } = setup();
  send('SIGINT');
  expect([calls, exitCode()]).toEqual([['stop'], 130]);
});

test('QUIT stops at once and HUP reloads', () => {
  const { calls, send } = setup();
  send('SIGHUP');
  send('SIGQUIT');
  expect(calls).toEqual(['hangUp', 'kill']);
});

test('USR2 replaces the workers', () => {
  const { calls, send } = setup();
  send('SIGUSR2');
  expect(calls).toEqual(['roll']);
});
