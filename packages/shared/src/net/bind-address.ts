/** Where a server listens: `host:port`, `[v6]:port`, `:port`, `unix:/path.sock` or `fd:NAME`. */
import { isIP } from 'node:net';

/** A parsed bind; `host` is '' for every address of the machine, `fd` a socket that whoever starts the program hands over. */
export type BindAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly name: string };

/** What FileDescriptorName= allows. @see systemd.socket(5) */
const DESCRIPTOR = /^fd:([\x21-\x39\x3b-\x7e]{1,255})$/;

const HOSTNAME =
  /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** Reads a bind, or returns undefined when the text is none. */
export function parseBind(text: string): BindAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path.startsWith('/') ? { kind: 'unix', path } : undefined;
  }
  const descriptor = DESCRIPTOR.exec(text)?.[1];
  if (descriptor !== undefined) return { kind: 'fd', name: descriptor };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, v6, host = '', digits = ''] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (v6 !== undefined) return isIP(v6) === 6 ? { kind: 'tcp', host: v6, port } : undefined;
  if (host === '' || host === '*') return { kind: 'tcp', host: '', port };
  const numeric = /^[\d.]+$/.test(host);
  if (numeric ? isIP(host) !== 4 : !HOSTNAME.test(host)) return undefined;
  return { kind: 'tcp', host, port };
}

/** True when only this machine can reach the address, as far as the address tells. */
export function isLoopback(address: BindAddress): boolean {
  if (address.kind === 'unix') return true;
  if (address.kind === 'fd') return false;
  return (
    address.host === 'localhost' ||
    address.host === '::1' ||
    (isIP(address.host) === 4 && address.host.startsWith('127.'))
  );
}

/** True when one address takes the port from the other: the same host, or one of them is every host of the family. */
export function isSamePort(one: BindAddress, other: BindAddress): boolean {
  if (one.kind !== 'tcp' || other.kind !== 'tcp') return false;
  if (one.port !== other.port || one.port === 0) return false;
  return one.host === other.host || covers(one.host, other.host) || covers(other.host, one.host);
}

function covers(every: string, host: string): boolean {
  if (every === '') return true;
  return host.includes(':') ? every === '::' : every === '0.0.0.0';
}

/** The text a user would write for it: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/lb.sock`, `fd:web`. */
export function formatBind(address: BindAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  if (address.kind === 'fd') return `fd:${address.name}`;
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
