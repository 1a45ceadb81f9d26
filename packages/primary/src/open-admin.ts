/** Opens the admin server: TCP for people and Prometheus, a unix socket for lbctl. */
import type { Config } from '@lb/shared/config/schema/root';
import type { BindAddress } from '@lb/shared/net/bind-address';
import { formatBind, parseBind } from '@lb/shared/net/bind-address';
import type { AdminServer } from './admin/server.ts';
import { SocketPathError } from './admin/socket-path.ts';
import type { BindFailure } from './listeners/bind-failure.ts';
import { bindFailure } from './listeners/bind-failure.ts';

type Refused = { readonly ok: false } & BindFailure;

/** `address` is where the TCP server really listens. */
export type OpenedAdmin = { readonly ok: true; readonly address: string } | Refused;

/** Listens on both, or says why one of them cannot; then the other may be open and close() is due. */
export async function openAdmin(
  server: AdminServer,
  config: Config['admin'],
  socketPath: string,
): Promise<OpenedAdmin> {
  const bind = parseBind(config.bind);
  if (bind === undefined) throw new RangeError(`not a bind: ${config.bind}`);
  const tcp = await attempt(bind, () => server.listenTcp(config.bind, config.token));
  if (!tcp.ok) return tcp;
  const unix = await attempt({ kind: 'unix', path: socketPath }, () =>
    server.listenUnix(socketPath),
  );
  return unix.ok ? { ok: true, address: formatBind({ kind: 'tcp', ...tcp.value }) } : unix;
}

async function attempt<T>(
  address: BindAddress,
  listen: () => Promise<T>,
): Promise<{ readonly ok: true; readonly value: T } | Refused> {
  try {
    return { ok: true, value: await listen() };
  } catch (error) {
    if (error instanceof SocketPathError) {
      const hint = 'choose another path: --socket PATH';
      return { ok: false, message: `admin: ${error.message}`, hint };
    }
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const { message, hint } = await bindFailure(address, String(error.code));
    return { ok: false, message: `admin: ${message}`, hint };
  }
}
