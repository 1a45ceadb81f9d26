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

/** A copy in which the scalar under every such key, and the user and password of a URL, is REDACTED; null stays. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value === 'string') return value.replace(URL_CREDENTIALS, `$1${REDACTED}@`);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_KEY.test(key) && isSecret(inner) ? REDACTED : redact(inner),
    ]),
  );
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
