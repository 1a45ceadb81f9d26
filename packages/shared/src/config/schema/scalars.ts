/** The scalar types of lb.yaml: each refuses with a sentence that says what to write instead. */
import * as z from 'zod';
import { isCidr } from '../../net/cidr.ts';
import {
  BYTE_RATE_PATTERN,
  DAYS_PATTERN,
  DURATION_PATTERN,
  RATE_PATTERN,
  SIZE_PATTERN,
  parseByteRate,
  parseDays,
  parseDuration,
  parseRate,
  parseSize,
} from '../units.ts';

const DURATION_HINT = 'expected a duration such as "250ms", "5s", "2m" or "1h"';
const DAYS_HINT = 'expected a number of days such as "30d"';
const SIZE_HINT = 'expected a size such as "512B", "64KiB" or "10MiB"';
const REQUESTS_HINT = 'expected a rate such as "100/s", "600/m" or "10000/h"';
const LIMIT_HINT = `${SIZE_HINT}, or 0 for no limit`;
const RATE_HINT = 'expected a rate such as "240B/s" or "1KiB/s", or 0 for no limit';

/** A duration string, as milliseconds. */
export const duration = z
  .string(DURATION_HINT)
  .regex(DURATION_PATTERN, DURATION_HINT)
  .transform(parseDuration);

/** A duration above zero: a limit that `0s` would turn into "at once". */
export const positiveDuration = z
  .string(DURATION_HINT)
  .regex(DURATION_PATTERN, DURATION_HINT)
  .refine(
    (text) => !DURATION_PATTERN.test(text) || parseDuration(text) > 0,
    'expected a duration above zero',
  )
  .transform(parseDuration);

/** How much time a sample stands for: the moments of samples are whole seconds. */
export const sampleInterval = z
  .string(DURATION_HINT)
  .regex(DURATION_PATTERN, DURATION_HINT)
  .refine(
    (text) => !DURATION_PATTERN.test(text) || isSampleInterval(parseDuration(text)),
    'expected whole seconds, from 1s to 1h',
  )
  .transform(parseDuration);

/** A number of days such as `30d`, as a number. */
export const days = z.string(DAYS_HINT).regex(DAYS_PATTERN, DAYS_HINT).transform(parseDays);

/** A size string, as bytes. */
export const size = z.string(SIZE_HINT).regex(SIZE_PATTERN, SIZE_HINT).transform(parseSize);

/** A size string or 0, which means no limit. */
export const sizeOrNone = z
  .union([z.literal(0), z.string().regex(SIZE_PATTERN, LIMIT_HINT)], LIMIT_HINT)
  .transform((value) => (value === 0 ? 0 : parseSize(value)));

/** A byte rate string, as bytes per second; 0 switches it off. */
export const byteRate = z
  .union([z.literal(0), z.string().regex(BYTE_RATE_PATTERN, RATE_HINT)], RATE_HINT)
  .transform((value) => (value === 0 ? 0 : parseByteRate(value)));

/** A rate of requests, as requests per second. */
export const requestRate = z
  .string(REQUESTS_HINT)
  .regex(RATE_PATTERN, REQUESTS_HINT)
  .refine(
    (text) => !RATE_PATTERN.test(text) || isPossibleRate(parseRate(text)),
    'expected a rate above zero, of at most 1000000/s',
  )
  .transform(parseRate);

/** A whole number within bounds. */
export function whole(min: number, max: number): z.ZodInt {
  const hint = `expected a whole number from ${min} to ${max}`;
  return z.int(hint).min(min, hint).max(max, hint);
}

/** A host name: labels of letters, digits, "-" and "_" (RFC 6066 section 3 wants a host name, and names with "_" are out there). */
export const hostName: RegExp =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** A name that may stand in a metric label, a URL path segment and a command line. */
export const name = z
  .string('expected a name')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/,
    'expected a name of letters, digits, ".", "_", ":" and "-", at most 63 long',
  );

/** An address or a range: `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`. */
export const cidr = z
  .string('expected an address range such as "10.0.0.0/8"')
  .refine(isCidr, 'expected an address range such as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"');

/** A field name by RFC 9110 section 5.1. */
export const fieldName = z
  .string('expected a header name')
  .regex(
    /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/,
    'expected a header name: letters, digits and "-", no spaces or colons',
  );

/** A field value that cannot split a message (RFC 9110 section 5.5): no control characters, Latin-1 only. */
export const fieldValue = z
  .string('expected a header value')
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a header value without control characters');

/** A request method (RFC 9110 section 9.1), upper case. */
export const method = z
  .string('expected a method such as GET')
  .regex(/^[A-Z][A-Z-]*$/, 'expected a method in upper case such as GET')
  .refine((text) => text !== 'CONNECT', '"CONNECT" is not supported yet');

function isSampleInterval(ms: number): boolean {
  return ms >= 1_000 && ms <= 3_600_000 && ms % 1_000 === 0;
}

function isPossibleRate(perSecond: number): boolean {
  return perSecond > 0 && perSecond <= 1e6;
}
