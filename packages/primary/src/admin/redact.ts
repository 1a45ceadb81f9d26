/** Takes secrets out of a configuration before it is shown. */

/** What stands in a secret's place. */
const REDACTED = '[redacted]';

/**
 * Keys whose value is a secret: admin.token, and headers, query parameters and settings that carry credentials by their
 * name, such as an Authorization header that a route sets for its backends.
 */
const SECRET_KEY =
  /^(authorization|proxy-authorization|cookie|set-cookie)$|token|secret|passw(or)?d|api-?key|credential/i;

const URL_CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]*@/i;

/** Vendors call the header that carries their key what they like. */
const ALL_SECRET = 'tracing.headers';

/**
 * A copy in which the scalar under every such key, and the user and password of a URL, is REDACTED; null stays.
 * @param at where the value stands, by keys with dots between them
 */
export function redact(value: unknown, at = ''): unknown {
  if (Array.isArray(value)) return value.map((inner) => redact(inner, at));
  if (typeof value === 'string') return value.replace(URL_CREDENTIALS, `$1${REDACTED}@`);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      (at === ALL_SECRET || SECRET_KEY.test(key)) && isSecret(inner)
        ? REDACTED
        : redact(inner, at === '' ? key : `${at}.${key}`),
    ]),
  );
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
