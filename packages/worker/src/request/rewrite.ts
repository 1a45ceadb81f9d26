/** `routes.*.rewrite`: what happens to the path on the way to the backend; and the templates of redirects. */
import type { RouteConfig } from '@lb/shared/config/schema/root';

/** Changes the normalised path of a request. */
export type PathRewrite = (path: string) => string;

/** undefined when the path stays as it is. */
export function compileRewrite({
  stripPrefix,
  addPrefix,
}: RouteConfig['rewrite']): PathRewrite | undefined {
  if (stripPrefix === undefined && addPrefix === '') return undefined;
  const stripped = (stripPrefix ?? '').split('/').filter((segment) => segment !== '');
  const added = addPrefix.replace(/\/$/, '');
  return (path) => {
    const rest = withoutPrefix(path, stripped);
    return added === '' ? rest : `${added}${rest}`;
  };
}

/** Takes whole segments off the front; empty ones (`//v1/users`) do not hide the prefix. A path without it stays whole. */
function withoutPrefix(path: string, prefix: readonly string[]): string {
  if (prefix.length === 0) return path;
  const segments = path.split('/');
  let at = 0;
  for (const wanted of prefix) {
    while (segments[at] === '') at++;
    if (segments[at] !== wanted) return path;
    at++;
  }
  return `/${segments.slice(at).join('/')}`;
}

/** What a redirect's target may be made of. */
export interface RedirectParts {
  readonly scheme: string;
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  readonly uri: string;
}

/** Fills in `{host}` and the like; what the request brings is already free of control characters and spaces. */
export function fillRedirect(template: string, parts: RedirectParts): string {
  return template.replace(
    /\{(scheme|host|hostname|port|path|query|uri)\}/g,
    (_whole, name: keyof RedirectParts) =>
      // Latin-1 bytes of a raw path would be misread in Location.
      parts[name].replace(/[\x80-\xff]/g, (byte) => encodeURIComponent(byte)),
  );
}
