/**
 * Makes room for the unix socket. Security code: the socket obeys whoever can open it, so its directory must not let another
 * user put a socket of his own in its place (CWE-379), and nothing but a dead socket is ever removed.
 */
import { lstat, mkdir, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** sun_path holds 108 bytes with its final NUL; a longer path would be cut without a word. */
const LONGEST_PATH_BYTES = 107;

const ANSWER_TIMEOUT_MS = 1_000;

/** Why a socket cannot be there. */
export class SocketPathError extends Error {
  override readonly name = 'SocketPathError';
  readonly code: 'in_use' | 'not_a_socket' | 'too_long' | 'unsafe_directory';

  constructor(code: SocketPathError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Creates the directory with mode 0700 when it is missing, and removes a socket file on which nobody answers.
 * @throws SocketPathError `in_use` when somebody answers, `not_a_socket` when another kind of file is there, `too_long`,
 * `unsafe_directory` when other users may replace files in it.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
    throw new SocketPathError('too_long', `${path}: longer than ${LONGEST_PATH_BYTES} bytes`);
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await checkDirectory(directory);
  const found = await lstat(path).catch(absent);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new SocketPathError('not_a_socket', `${path}: exists and is not a socket`);
  if (await answers(path))
    throw new SocketPathError('in_use', `${path}: another instance answers on this socket`);
  await unlink(path).catch(absent);
}

/**
 * Owned by us or root; writable for others only with the sticky bit, as /tmp is. A group may write: where every user has a
 * group of his own, that is the usual mode.
 */
async function checkDirectory(directory: string): Promise<void> {
  const { uid, mode } = await stat(directory);
  const self = process.getuid?.() ?? 0;
  if (uid !== self && uid !== 0)
    throw new SocketPathError('unsafe_directory', `${directory}: belongs to another user`);
  const shared = (mode & 0o002) !== 0;
  if (shared && (mode & 0o1000) === 0)
    throw new SocketPathError('unsafe_directory', `${directory}: other users may write to it`);
}

/** Only a refusal proves that nobody is there: a full queue or a missing permission does not. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: ANSWER_TIMEOUT_MS });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
    socket.on('timeout', () => settle(true));
    socket.on('connect', () => settle(true));
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
