/**
 * Binds listening sockets in the primary without accepting from them. The handles go to the workers, which listen and
 * accept; the primary keeps its own copy, so a socket and its queue outlive every worker.
 *
 * node:net has no public way to bind without accepting. `net._createServerHandle` is what node:cluster itself uses for it
 * (lib/internal/cluster/shared_handle.js) and is used nowhere but here. Tried on Node 24.21.
 *
 * SO_REUSEADDR lets two sockets be bound to one port as long as neither listens yet. So two instances that start on the same port within
 * the same moment both get past here, and the second one's workers cannot listen; its start then fails when its time is up.
 */
import { lookup } from 'node:dns/promises';
import { lstat, unlink } from 'node:fs/promises';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { BindAddress } from '@lb/shared/net/bind-address';
import { bindFailure } from './bind-failure.ts';
import type { BindFailure } from './bind-failure.ts';

/** A raw TCP or pipe handle of Node. */
export interface SocketHandle {
  close(): void;
  /** Fills in the address and returns 0, or a negative errno; pipes have none. */
  getsockname?(out: { address?: string; family?: string; port?: number }): number;
}

/** A bound socket. `address` is where it really is: the port that was taken when 0 was asked for. */
export interface BoundSocket {
  readonly handle: SocketHandle;
  readonly address: BindAddress;
}

/** Fills `{ok: false}` with a sentence for the user; nothing is bound then. */
export type BindResult =
  { readonly ok: true; readonly socket: BoundSocket } | ({ readonly ok: false } & BindFailure);

type RawResult = SocketHandle | { readonly code: string };

/** Binds a socket. `host` '' is every address of the machine, IPv6 and IPv4. A stale unix socket is replaced. */
export async function bindSocket(address: BindAddress): Promise<BindResult> {
  return address.kind === 'unix' ? bindUnix(address) : bindTcp(address);
}

async function bindTcp(address: BindAddress & { kind: 'tcp' }): Promise<BindResult> {
  let raw: RawResult;
  if (address.host === '') {
    raw = createHandle('::', address.port, 6);
    if ('code' in raw && ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(raw.code)) {
      raw = createHandle('0.0.0.0', address.port, 4);
    }
  } else {
    const resolved = await resolveHost(address.host);
    raw =
      'code' in resolved
        ? resolved
        : createHandle(resolved.address, address.port, resolved.family === 6 ? 6 : 4);
  }
  if ('code' in raw) return { ok: false, ...(await bindFailure(address, raw.code)) };
  const name: { address?: string; port?: number } = {};
  // libuv reports a port in use not when it binds but with the next call, which is this one.
  const errno = raw.getsockname?.(name) ?? 0;
  if (errno !== 0) {
    raw.close();
    return { ok: false, ...(await bindFailure(address, getSystemErrorName(errno))) };
  }
  const host = address.host === '' ? (name.address ?? '') : address.host;
  return {
    ok: true,
    socket: { handle: raw, address: { kind: 'tcp', host, port: name.port ?? address.port } },
  };
}

async function bindUnix(address: BindAddress & { kind: 'unix' }): Promise<BindResult> {
  let raw = createHandle(address.path, -1, -1);
  if ('code' in raw && raw.code === 'EADDRINUSE' && (await isStaleSocket(address.path))) {
    await unlink(address.path);
    raw = createHandle(address.path, -1, -1);
  }
  if ('code' in raw) return { ok: false, ...(await bindFailure(address, raw.code)) };
  return { ok: true, socket: { handle: raw, address } };
}

/** True when the path is a unix socket that nobody answers on: what a killed process leaves behind. */
async function isStaleSocket(path: string): Promise<boolean> {
  const isSocket = await lstat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
  return isSocket && (await connectCode(path)) === 'ECONNREFUSED';
}

/** Connects to a unix socket and hangs up: 'OK' when somebody accepts, else the code of the error. */
export function connectCode(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('OK');
    });
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'EUNKNOWN'));
  });
}

async function resolveHost(
  host: string,
): Promise<{ readonly address: string; readonly family: number } | { readonly code: string }> {
  try {
    return await lookup(host, { order: 'ipv4first' });
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? String(error.code) : 'ENOTFOUND' };
  }
}

/** In the order of Node's own: where, 4 or 6 or -1 for a path, no descriptor to take over, no flags. */
type CreateServerHandle = (
  ...parameters: [address: string, port: number, addressType: 4 | 6 | -1, fd: -1, flags: 0]
) => SocketHandle | number;

function createHandle(address: string, port: number, addressType: 4 | 6 | -1): RawResult {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (!isCreateServerHandle(create)) {
    throw new Error(`node ${process.version} has no net._createServerHandle, which lbctl needs`);
  }
  const result = create(address, port, addressType, -1, 0);
  return typeof result === 'number' ? { code: getSystemErrorName(result) } : result;
}

function isCreateServerHandle(value: unknown): value is CreateServerHandle {
  return typeof value === 'function';
}
