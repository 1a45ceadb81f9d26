/** What the configuration says of persistence, with what stands in its files. */
import type { Config } from '@lb/shared/config/schema/root';
import {
  type BackendTlsSettings,
  type ConfigFiles,
  backendTlsSettings,
} from '@lb/shared/model/backend-tls';
import { type InfluxUrl, parseInfluxUrl } from '@lb/shared/persist/influx-url';
import { type PostgresUrl, parsePostgresUrl } from '@lb/shared/persist/postgres-url';

/** It holds passwords and may hold a private key: it is never logged and never shown. */
export type PersistSettings = PostgresSettings | InfluxSettings;

interface CommonSettings {
  readonly intervalMs: number;
  /** Null for the default. */
  readonly instance: string | null;
  readonly tls: BackendTlsSettings;
}

export interface PostgresSettings extends CommonSettings {
  readonly type: 'postgres';
  readonly url: PostgresUrl;
  readonly schema: string;
  readonly retentionDays: number;
}

export interface InfluxSettings extends CommonSettings {
  readonly type: 'influxdb';
  readonly url: InfluxUrl;
  readonly token: string | null;
}

/** Undefined when nothing is to be kept. @throws Error for a section that was not checked */
export function persistSettings(
  { persist }: Config['metrics'],
  files: ConfigFiles,
): PersistSettings | undefined {
  if (persist === null) return undefined;
  const { interval: intervalMs, instance } = persist;
  if (persist.type === 'postgres') {
    const { type, schema, retention: retentionDays, password } = persist;
    const url = checked(parsePostgresUrl(persist.url));
    const tls = backendTlsSettings({ ...persist.tls, verify: true }, files);
    const withPassword = { ...url, password: url.password ?? password ?? undefined };
    return { type, url: withPassword, schema, retentionDays, intervalMs, instance, tls };
  }
  const { type, token, password } = persist;
  const url = checked(parseInfluxUrl(persist.url));
  const tls = backendTlsSettings(persist.tls, files);
  const withPassword =
    url.api === 'v1' ? { ...url, password: url.password ?? password ?? undefined } : url;
  return { type, url: withPassword, token, intervalMs, instance, tls };
}

function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('metrics.persist.url: not checked');
  return value;
}
