import type { BackendTlsSettings } from '@lb/shared/model/backend-tls';

/** What a pool without a `tls` section has in a snapshot. */
export const DEFAULT_TLS: BackendTlsSettings = {
  verify: true,
  serverName: null,
  caPem: null,
  certPem: null,
  keyPem: null,
};
