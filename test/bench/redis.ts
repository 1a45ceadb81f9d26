/** A Redis for contestants that share something. Like the backends it is on the CPU of the load, and not in any figure. */
import type { Command } from './processes.ts';

/** @param socket path of the Unix socket that it listens on */
export function redisCommand(program: string, socket: string): Command {
  const nothingKept = ['--save', '', '--appendonly', 'no'];
  return { file: program, args: ['--port', '0', '--unixsocket', socket, ...nothingKept] };
}
