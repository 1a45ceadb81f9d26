/**
 * Binds listening sockets in the primary without accepting from them. The handles go to the workers, which listen and
 * accept; the primary keeps its own copy, so a socket and its queue outlive every worker.
 *
 * node:net has no public way to bind without accepting. `net._createServerHandle` is what node:cluster itself uses for it
 * (lib/internal/cluster/shared_handle.js) and is used nowhere but here. Tried on Node 24.21.
 *
 * TCP sockets have SO_REUSEPORT, so that this instance can bind another one beside them: for each worker, or while a reload
 * replaces one by the other. The kernel would let any process of the same user do so, and a port that is taken would go
 * unnoticed; so a socket without it is bound first, and closed. Two instances that start on the same port within the same
 * moment both get past that. Those with the same configuration meet at the control socket.
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
  /** The same for who is at the other end: an errno for a socket that listens. */
  getpeername?(out: object): number;
}

/** A bound socket. `address` is where it really is: the port that was taken when 0 was asked for. */
export interface BoundSocket {
  readonly handle: SocketHandle;
  readonly address: BindAddress;
}

/** Fills `{ok: false}` with a sentence for the user; nothing is bound then. */
export type BindResult =
  { readonly ok: true; readonly socket: BoundSocket } | ({ readonly ok: false } & BindFailure);

export type RawResult = SocketHandle | { readonly code: string };
export type TcpAddress = BindAddress & { readonly kind: 'tcp' };
export type UnixAddress = BindAddress & { readonly kind: 'unix' };

/** libuv's UV_TCP_REUSEPORT: sockets that all have it may listen on one address, each with a queue of its own. */
const REUSEPORT = 2;

/** Opens a socket that this process was started with. @returns the errno's name when it is none that could listen */
export function openDescriptor(fd: number): RawResult {
  return createHandle('', 0, -1, { fd, flags: 0 });
}

/** Binds a socket. `host` '' is every address of the machine, IPv6 and IPv4. A stale unix socket is replaced. */
export async function bindSocket(address: TcpAddress | UnixAddress): Promise<BindResult> {
  if (address.kind === 'unix') return bindUnix(address);
  const alone = await bindTcp(address, 0);
  if (!alone.ok || alone.socket.address.kind !== 'tcp') return alone;
  const { handle, address: taken } = alone.socket;
  // Neither listens, so neither is in the way of the other; the port stays taken in between.
  const beside = await bindTcp({ ...address, port: taken.port }, REUSEPORT);
  handle.close();
  return beside;
}

/** Binds one more socket where this instance listens already. @param address as it was bound, with its real port */
export function bindBeside(address: TcpAddress): Promise<BindResult> {
  return bindTcp(address, REUSEPORT);
}

async function bindTcp(address: TcpAddress, flags: TcpFlags): Promise<BindResult> {
  let raw: RawResult;
  if (address.host === '') {
    raw = createHandle('::', address.port, 6, { flags });
    if ('code' in raw && ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(raw.code)) {
      raw = createHandle('0.0.0.0', address.port, 4, { flags });
    }
  } else {
    const resolved = await resolveHost(address.host);
    raw =
      'code' in resolved
        ? resolved
        : createHandle(resolved.address, address.port, resolved.family === 6 ? 6 : 4, { flags });
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

async function bindUnix(address: UnixAddress): Promise<BindResult> {
  let raw = createHandle(address.path, -1, -1, { flags: 0 });
  if ('code' in raw && raw.code === 'EADDRINUSE' && (await isStaleSocket(address.path))) {
    await unlink(address.path);
    raw = createHandle(address.path, -1, -1, { flags: 0 });
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

type AddressType = 4 | 6 | -1;
type TcpFlags = 0 | typeof REUSEPORT;

/** In the order of Node's own: where, 4 or 6 or -1 for a path, a descriptor in place of it or -1, flags of libuv. */
type CreateServerHandle = (
  ...parameters: [
    address: string,
    port: number,
    addressType: AddressType,
    fd: number,
    flags: TcpFlags,
  ]
) => SocketHandle | number;

function createHandle(
  address: string,
  port: number,
  addressType: AddressType,
  { fd = -1, flags }: { readonly fd?: number; readonly flags: TcpFlags },
): RawResult {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (!isCreateServerHandle(create)) {
    throw new Error(`node ${process.version} has no net._createServerHandle, which lbctl needs`);
  }
  const result = create(address, port, addressType, fd, flags);
  return typeof result === 'number' ? { code: getSystemErrorName(result) } : result;
}

function isCreateServerHandle(value: unknown): value is CreateServerHandle {
  return typeof value === 'function';
}
