/** A command on a terminal of its own, which script(1) makes: every Debian has it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A program that runs on a terminal. */
export interface TerminalRun extends AsyncDisposable {
  /** All that was written on the terminal so far. */
  output(): string;
  type(keys: string): void;
  /** Sends a signal to the program itself. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended, to what the terminal says of it. */
  readonly ended: Promise<{ readonly code: number; readonly isRestored: boolean }>;
}

/** Reports how the program left, and whether the terminal's settings are those of before. */
const AROUND = `stty cols 100 rows 12; before=$(stty -g); "$@"; code=$?
[ "$(stty -g)" = "$before" ] && echo "restored after $code" || echo "changed after $code"`;

/** Runs it on a terminal of 100 columns and 12 rows. */
export function runOnTerminal(command: readonly string[]): TerminalRun {
  const words = ['sh', '-c', AROUND, 'sh', ...command].map(quoted).join(' ');
  const child = spawn('script', ['-qec', words, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close');
  return {
    output: () => output,
    type: (keys) => void child.stdin.write(keys),
    signal: (name) => process.kill(leafOf(child.pid ?? 0), name),
    ended: closed.then(() => {
      const [, how, code] = /(restored|changed) after (\d+)\s*$/.exec(output) ?? [];
      return { code: Number(code), isRestored: how === 'restored' };
    }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL');
      await closed;
    },
  };
}

/** The process at the end of the line of first children. */
function leafOf(pid: number): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child === '' ? pid : leafOf(Number(child));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
