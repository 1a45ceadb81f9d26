/**
 * Sockets that whoever started this process has bound already, and listens on: systemd's socket activation. They outlive this
 * process, so nobody is refused while one of it follows another.
 * @see sd_listen_fds(3)
 */
import type { BindAddress } from '@lb/shared/net/bind-address';
import type { BindResult, RawResult, SocketHandle } from './bind.ts';
import { openDescriptor } from './bind.ts';

/** Descriptors by the name they have. */
export type InheritedDescriptors = ReadonlyMap<string, readonly number[]>;

/** The first of them, by convention. */
const FIRST = 3;

/** What a socket is called that has no name. */
const UNNAMED = 'unknown';

/** What the environment says of them; nothing when it speaks to another process. @param pid of this one */
export function inheritedDescriptors(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): InheritedDescriptors {
  const descriptors = new Map<string, number[]>();
  if (env['LISTEN_PID'] !== String(pid) || !/^\d+$/.test(env['LISTEN_FDS'] ?? ''))
    return descriptors;
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  for (let place = 0; place < Number(env['LISTEN_FDS']); place += 1) {
    const given = names[place] ?? '';
    const name = given === '' ? UNNAMED : given;
    descriptors.set(name, [...(descriptors.get(name) ?? []), FIRST + place]);
  }
  return descriptors;
}

/** Opens them, each once, and never closes one: a listener that leaves may come back. */
export class InheritedSockets {
  readonly #descriptors: InheritedDescriptors;
  readonly #opened = new Map<string, BindResult>();

  constructor(descriptors: InheritedDescriptors) {
    this.#descriptors = descriptors;
  }

  get names(): readonly string[] {
    return [...this.#descriptors.keys()];
  }

  /** The socket of this name, or why there is none. */
  open(name: string): BindResult {
    const result = this.#opened.get(name) ?? this.#take(name);
    this.#opened.set(name, result);
    return result;
  }

  has(handle: SocketHandle): boolean {
    return [...this.#opened.values()].some((each) => each.ok && each.socket.handle === handle);
  }

  #take(name: string): BindResult {
    const [fd, ...others] = this.#descriptors.get(name) ?? [];
    const where = `cannot listen on fd:${name}`;
    if (fd === undefined) return { ok: false, message: `${where}: ${this.#missing()}`, hint: HINT };
    if (others.length > 0) {
      const message = `${where}: ${others.length + 1} sockets have this name`;
      const hint = 'one listener serves one socket: give each a name, FileDescriptorName=';
      return { ok: false, message, hint };
    }
    const raw = openDescriptor(fd);
    const fault = faultOf(raw);
    if ('code' in raw || fault !== undefined) {
      const message = `${where}: descriptor ${fd} ${fault}`;
      const hint = 'ListenStream= and Accept=no, the default, make a socket that listens';
      return { ok: false, message, hint };
    }
    return { ok: true, socket: { handle: raw, address: addressOf(raw, name) } };
  }

  #missing(): string {
    const { names } = this;
    return names.length === 0
      ? 'no sockets were handed over'
      : `no socket of this name was handed over; there are ${names.join(', ')}`;
  }
}

const HINT =
  'a systemd socket unit hands them over (FileDescriptorName=), to the process that it starts and no other';

function faultOf(raw: RawResult): string | undefined {
  if ('code' in raw) return `is no TCP or unix stream socket (${raw.code})`;
  return raw.getpeername?.({}) === 0 ? 'is a connection' : undefined;
}

/** Where it really listens; a unix socket does not tell. */
function addressOf(handle: SocketHandle, name: string): BindAddress {
  const out: { address?: string; port?: number } = {};
  const errno = handle.getsockname?.(out);
  const { address: host, port } = out;
  if (errno !== 0 || host === undefined || port === undefined) return { kind: 'fd', name };
  return { kind: 'tcp', host, port };
}
