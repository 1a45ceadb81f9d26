/** Says why a socket could not be bound, who is in the way, and what to do. */
import type { BindAddress } from '@lb/shared/net/bind-address';
import { formatBind } from '@lb/shared/net/bind-address';
import { findPortHolder } from './port-holder.ts';

/** Sentences for the user: lower case, no final stop. */
export interface BindFailure {
  readonly message: string;
  readonly hint: string;
}

/** Ports below this one are reserved to root, unless the system was told otherwise. */
const FIRST_FREE_PORT = 1024;

/** Words for a failed bind. @param code a system error such as EADDRINUSE */
export async function bindFailure(address: BindAddress, code: string): Promise<BindFailure> {
  const where = `cannot listen on ${formatBind(address)}`;
  switch (code) {
    case 'EADDRINUSE':
      return address.kind === 'tcp' ? portInUse(where, address.port) : pathInUse(where);
    case 'EACCES':
    case 'EPERM':
      return address.kind === 'tcp' && address.port < FIRST_FREE_PORT
        ? {
            message: `${where}: permission denied for a port below ${FIRST_FREE_PORT}`,
            hint: 'use AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, setcap cap_net_bind_service=+ep on the node binary, or a higher port',
          }
        : { message: `${where}: permission denied`, hint: 'choose a place this user may write to' };
    case 'EADDRNOTAVAIL':
      return {
        message: `${where}: this machine has no such address`,
        hint: 'use an address of this machine, 0.0.0.0 for all of them, or 127.0.0.1 for itself only',
      };
    case 'EAFNOSUPPORT':
      return { message: `${where}: IPv6 is switched off`, hint: 'use an IPv4 address' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { message: `${where}: the name has no address`, hint: 'use an address' };
    case 'ENOENT':
      return { message: `${where}: the directory does not exist`, hint: 'create it first' };
    case 'EINVAL':
    case 'ENAMETOOLONG':
      return { message: `${where}: ${code}`, hint: 'a socket path has at most 107 bytes' };
    default:
      return { message: `${where}: ${code}`, hint: 'choose another address' };
  }
}

async function portInUse(where: string, port: number): Promise<BindFailure> {
  const holder = await findPortHolder(port);
  if (holder?.pid === process.pid) {
    return {
      message: `${where}: port in use by this instance, under another bind`,
      hint: 'give it a port of its own, or restart to move the port from one bind to the other',
    };
  }
  const by = holder === undefined ? '' : ` by ${holder.name} (pid ${holder.pid})`;
  return {
    message: `${where}: port in use${by}`,
    hint: 'stop what uses it, or choose another port',
  };
}

function pathInUse(where: string): BindFailure {
  return {
    message: `${where}: the path is taken by a running process or by something that is no socket`,
    hint: 'stop what uses it, or choose another path',
  };
}
