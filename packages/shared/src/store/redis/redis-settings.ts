/** Where Redis is and how it is spoken to: `store` of lb.yaml with what stands in its files. */
import type { Config } from '../../config/schema/root.ts';
import {
  type BackendTlsSettings,
  type ConfigFiles,
  backendTlsSettings,
} from '../../model/backend-tls.ts';

/** It holds passwords and may hold a private key: it is never logged and never shown. */
export type RedisSettings = Pick<
  Config['store'],
  | 'url'
  | 'sentinels'
  | 'name'
  | 'cluster'
  | 'username'
  | 'password'
  | 'sentinelPassword'
  | 'useTls'
  | 'prefix'
> & { readonly tls: BackendTlsSettings };

/** @throws Error when a file was not read; a checked configuration comes with all of them. */
export function redisSettings(store: Config['store'], files: ConfigFiles): RedisSettings {
  return { ...store, tls: backendTlsSettings(store.tls, files) };
}
