/** Where a backend listens: `http://host:port`, `https://host:port` or `unix:/path.sock`. */

/** A parsed backend URL. `host` carries no brackets; `name` is what the backend is called by default. */
export type BackendAddress =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** It is spoken to over TLS. */
      readonly isTls: boolean;
      readonly name: string;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly isTls: false; readonly name: string };

/** Reads a backend URL, or returns undefined for anything but a bare origin: a path, query or user is refused. */
export function parseBackendUrl(text: string): BackendAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    const name = path.slice(path.lastIndexOf('/') + 1);
    return path.startsWith('/') && name !== ''
      ? { kind: 'unix', path, isTls: false, name }
      : undefined;
  }
  if (!/^https?:\/\/[^/?#@\s\\]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? defaultPort(isTls) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (port === 0 || host === '') return undefined;
  return { kind: 'tcp', host, port, isTls, name: `${url.hostname}:${port}` };
}

/** The port of a URL that names none; a Host header leaves it out. */
export function defaultPort(isTls: boolean): number {
  return isTls ? 443 : 80;
}
