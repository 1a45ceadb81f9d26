/** Where PostgreSQL is, as lb.yaml has it. */

/** How a connection is protected: words of libpq. `require` encrypts and asks for nobody's certificate. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

export type SslMode = (typeof SSL_MODES)[number];

/** What a URL says. */
export interface PostgresUrl {
  /** A name, an address without brackets, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
}

const DEFAULT_PORT = 5432;

/** A second "@" would belong to a password that is not written as it has to be, and no message may repeat half of it. */
const SHAPE = /^postgres(?:ql)?:\/\/[^/?#@\s]+@[^/?#@\s]*\/[^/?#@\s]+(?:\?[^#\s]*)?$/i;

/**
 * `postgres://user:password@host:5432/database?sslmode=verify-full`, or `postgres://user@/database?host=/run/postgresql`;
 * undefined for anything else.
 */
export function parsePostgresUrl(text: string): PostgresUrl | undefined {
  if (!SHAPE.test(text)) return undefined;
  // A URL with a user has a host; that of a socket is among the parameters.
  const padded = text.replace(/@(?=[:/])/, '@socket');
  if (!URL.canParse(padded)) return undefined;
  const { username, password, hostname, port, pathname, searchParams } = new URL(padded);
  const isSocket = padded !== text;
  const folder = searchParams.get('host');
  const host = isSocket ? folder : hostname.replace(/^\[|\]$/g, '');
  const sslMode = SSL_MODES.find((mode) => mode === (searchParams.get('sslmode') ?? 'disable'));
  const isKnown = [...searchParams.keys()].every((key) => key === 'sslmode' || key === 'host');
  if (!isKnown || sslMode === undefined || (folder !== null) !== isSocket) return undefined;
  if (isSocket && (folder?.startsWith('/') !== true || sslMode !== 'disable')) return undefined;
  const [user, secret, database] = [username, password, pathname.slice(1)].map(decoded);
  if (host === null || host === '' || user === undefined || database === undefined)
    return undefined;
  return { host, port: Number(port || DEFAULT_PORT), user, password: secret, database, sslMode };
}

/** Undefined for nothing, and for what is not percent-encoding. */
function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
