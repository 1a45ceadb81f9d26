/**
 * What a message may drop at this hop, and what it may not carry beyond its end.
 * @see RFC 9110 sections 6.5.1 and 7.6.1
 */
import { endsHere, fieldKind } from '../http1/field-names.ts';

/** `Connection` may not name these: a client could have the balancer drop what the backend relies on. */
const END_TO_END = new Set(['host', 'content-length', 'authorization', 'cookie', 'forwarded']);

/** Beside those that end at this hop, a trailer may not carry framing, routing, credentials, control (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS = new Set([
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

/**
 * The names that `Connection` lists, in lower case, without those it may not name. undefined when it lists none but `close` and
 * `keep-alive`, which is nearly always.
 * @param connection all lines of the field, joined by commas
 */
export function connectionNamed(connection: string): ReadonlySet<string> | undefined {
  if (connection === '' || connection === 'keep-alive' || connection === 'close') return undefined;
  let named: Set<string> | undefined;
  for (const token of connection.toLowerCase().split(',')) {
    const name = token.trim();
    if (name === '' || name === 'close' || name === 'keep-alive') continue;
    if (END_TO_END.has(name) || name.startsWith('x-forwarded-')) continue;
    named ??= new Set();
    named.add(name);
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
    if (
      NOT_IN_TRAILERS.has(canonical) ||
      endsHere(fieldKind(canonical)) ||
      canonical.startsWith('x-forwarded-')
    )
      continue;
    kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}
