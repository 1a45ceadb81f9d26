/** What TLS to the backends of a pool is spoken with. */
import type { PoolConfig } from '../config/schema/root.ts';

/** What the files that a configuration names hold, by their paths as they are written there. */
export type ConfigFiles = ReadonlyMap<string, string>;

/** `pools.<name>.tls` with what stands in its files. It may hold a private key: it is never logged and never shown. */
export interface BackendTlsSettings {
  readonly verify: boolean;
  readonly serverName: string | null;
  /** null: the system's authorities. */
  readonly caPem: string | null;
  /** A client certificate with its chain; null together with keyPem. */
  readonly certPem: string | null;
  readonly keyPem: string | null;
}

/** @throws Error when a file was not read; a checked configuration comes with all of them. */
export function backendTlsSettings(
  { verify, serverName, ca, cert, key }: PoolConfig['tls'],
  files: ConfigFiles,
): BackendTlsSettings {
  const contentOf = (path: string | null): string | null => {
    if (path === null) return null;
    const content = files.get(path);
    if (content === undefined) throw new Error(`the file ${path} was not read`);
    return content;
  };
  return {
    verify,
    serverName,
    caPem: contentOf(ca),
    certPem: contentOf(cert),
    keyPem: contentOf(key),
  };
}
