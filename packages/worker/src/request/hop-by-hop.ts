/**
 * Fields that end at this hop, in either direction.
 * @see RFC 9110 section 7.6.1
 */

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'trailer',
  'upgrade',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** `Connection` may not name these: a client could have the balancer drop what the backend relies on. */
const END_TO_END = new Set(['host', 'content-length', 'authorization', 'cookie', 'forwarded']);

/** Fields that a trailer may not carry (RFC 9110 section 6.5.1): framing, routing, credentials, control. */
const NOT_IN_TRAILERS = new Set([
  ...HOP_BY_HOP,
  ...END_TO_END,
  'content-encoding',
  'content-type',
  'content-range',
  'expect',
  'max-forwards',
  'range',
  'set-cookie',
  'cache-control',
  'age',
  'date',
  'expires',
  'location',
  'retry-after',
  'vary',
  'via',
  'www-authenticate',
  'x-real-ip',
  'x-request-id',
]);

/** @param lower a field name in lower case. */
export function isHopByHop(lower: string): boolean {
  return HOP_BY_HOP.has(lower);
}

/**
 * The names that a message's `Connection` fields list, in lower case, without those it may not name.
 * undefined when it lists none but `close` and `keep-alive`, which is nearly always.
 */
export function connectionNamed(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    for (const token of (raw[i + 1] ?? '').toLowerCase().split(',')) {
      const trimmed = token.trim();
      if (trimmed === '' || trimmed === 'close' || trimmed === 'keep-alive') continue;
      if (END_TO_END.has(trimmed) || trimmed.startsWith('x-forwarded-')) continue;
      named ??= new Set();
      named.add(trimmed);
    }
  }
  return named;
}

/** The trailers that may pass, names and values in turn. */
export function forwardableTrailers(raw: readonly string[]): readonly string[] {
  if (raw.length === 0) return raw;
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    // `X_Forwarded_For` is read as the real name by some backends.
    const canonical = name.toLowerCase().replace(/[_.]/g, '-');
    if (NOT_IN_TRAILERS.has(canonical) || canonical.startsWith('x-forwarded-')) continue;
    kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}
