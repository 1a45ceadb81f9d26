/** Entry of lbctl: hands the real process to the command line. */
import process from 'node:process';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit-codes.ts';
import { runCli } from './program.ts';
import type { TerminalDevice } from './terminal.ts';

const terminal: TerminalDevice = {
  size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }),
  write: (text) => void process.stdout.write(text),
  setRaw: (isRaw) => {
    process.stdin.setRawMode(isRaw);
    if (isRaw) process.stdin.resume();
    else process.stdin.pause();
  },
  onInput: (listener) => process.stdin.on('data', (bytes) => listener(bytes.toString())),
  onResize: (listener) => process.stdout.on('resize', listener),
  onExit: (listener) => process.on('exit', listener),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
};

const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  uid: process.getuid?.() ?? 0,
  pid: process.pid,
  stdout: { isTTY: process.stdout.isTTY, write: (text) => void process.stdout.write(text) },
  stderr: { isTTY: process.stderr.isTTY, write: (text) => void process.stderr.write(text) },
  ...(process.stdin.isTTY && process.stdout.isTTY && { terminal }),
  onSignal: (signal, listener) => {
    process.removeAllListeners(signal);
    process.on(signal, listener);
  },
  onFailure: (listener) => {
    process.on('uncaughtException', (error: unknown) => {
      listener(error);
      process.exit(EXIT.failure);
    });
  },
};

// A verb that listens to the signal itself takes this one away.
process.on('SIGINT', () => process.exit(EXIT.interrupted));
// `lbctl backends | head -1`: whoever reads has seen enough.
process.stdout.on('error', () => process.exit(EXIT.ok));
process.stderr.on('error', () => undefined);

runCli(process.argv.slice(2), context).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`lbctl: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT.failure);
  },
);
