/** Addresses of Redis, as lb.yaml has them. */

/** What a URL says. */
export type RedisUrl = (
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
) & {
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
};

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 6379;

/** `redis://`, `rediss://` and `unix:`; undefined for anything else. `unix:/path.sock?db=1` names a database. */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  const unix = /^unix:(?:\/\/)?(\/[^?#\0]+)(?:\?db=(\d{1,5}))?$/.exec(text);
  if (unix !== null) {
    const [, path = '', db = '0'] = unix;
    const kind = 'unix' as const;
    return { kind, path, db: Number(db), isTls: false, username: undefined, password: undefined };
  }
  if (!/^rediss?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const db = /^\/?(\d{0,5})$/.exec(url.pathname);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (db === null || host === '' || url.search !== '' || url.hash !== '') return undefined;
  return {
    kind: 'tcp',
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    isTls: url.protocol === 'rediss:',
    username: decoded(url.username),
    password: decoded(url.password),
    db: Number(db[1]),
  };
}

/** `host:port` or `[v6]:port`; undefined for anything else. */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text);
  const [, v6, name = v6, port = ''] = match ?? [];
  const number = Number(port);
  if (name === undefined || number < 1 || number > 65_535) return undefined;
  return { host: name, port: number };
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone "%": meant as it is written.
    return part;
  }
}
