/** The surroundings of a command, so that a test can be the terminal. Only main.ts fills it from the real process. */

import type { TerminalDevice } from './terminal.ts';

/** Where text goes. */
export interface TextStream {
  readonly isTTY: boolean;
  write(text: string): void;
}

/** The signals a command may want to hear of. */
export type SignalName =
  'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR2' | 'SIGTSTP' | 'SIGCONT';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly pid: number;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Absent when input or output is none. */
  readonly terminal?: TerminalDevice;
  /** From here on the signal has no effect but this call. */
  readonly onSignal: (signal: SignalName, listener: () => void) => void;
  /** From here on a bug that nobody caught is told to the listener, and ends the process with EXIT.failure. */
  readonly onFailure: (listener: (error: unknown) => void) => void;
}

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
  /** False with --no-color. */
  readonly color: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}
