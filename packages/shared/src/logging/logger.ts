/** The program's log: one JSON line a fact on a file descriptor, or a readable line on a terminal. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import { DescriptorStream } from './descriptor-stream.ts';
import { prettyLine } from './pretty-line.ts';

export type { Logger } from 'pino';

/** Levels of the log, from the least severe. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto` is pretty on a terminal and json otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Which process speaks: `primary`, `worker-0`. Stands in every line as `process`. */
  readonly process: string;
  /** Whether the descriptor is a terminal. */
  readonly isTerminal: boolean;
  /** File descriptor written to; 2 (stderr) by default. */
  readonly fd?: number;
  /** Whether pretty lines may carry colours; follows isTerminal by default. */
  readonly colours?: boolean;
}

/** Fields whose value is never written, at the top or one level down. */
const SECRETS = ['token', 'password', 'secret', 'authorization', 'cookie', 'set-cookie'];

/**
 * Makes a logger. Writing is synchronous, so a line is out before the process can die; it never throws, and what a full
 * pipe refuses is dropped and counted in a later line.
 */
export function createLogger(options: LoggerOptions): Logger {
  const stream = new DescriptorStream(options.fd ?? 2);
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.isTerminal);
  const colours = options.colours ?? options.isTerminal;
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, process: options.process },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((field) => [`["${field}"]`, `*["${field}"]`]),
        censor: '[redacted]',
      },
    },
    pretty ? { write: (line: string) => stream.write(prettyLine(line, colours)) } : stream,
  );
}
