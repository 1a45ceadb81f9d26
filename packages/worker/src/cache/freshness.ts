/** How old an answer is and may become. @see RFC 9111 section 4.2 */
import type { CacheConfig } from '@lb/shared/config/schema/root';
import { type Directives, parseSeconds } from './directives.ts';
import { parseDate } from './parse-date.ts';
import type { Freshness } from './stored-answer.ts';

/** What the times of an answer are told by. */
export interface AnswerTimes {
  readonly age: string | undefined;
  readonly date: string | undefined;
  readonly expires: string | undefined;
  readonly lastModified: string | undefined;
  /** When the head came, on the wall clock. */
  readonly receivedMs: number;
  /** From the request to the head. */
  readonly delayMs: number;
}

/** In milliseconds; undefined when the answer does not say. @param isTargeted Expires says nothing beside CDN-Cache-Control */
export function explicitLifetimeMs(
  { sMaxage, maxAge }: Directives,
  times: AnswerTimes,
  isTargeted: boolean,
): number | undefined {
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) return seconds * 1000;
  if (isTargeted || times.expires === undefined) return undefined;
  // What is no date, `0` above all, is in the past. RFC 9111 section 5.3.
  const expiresMs = parseDate(times.expires, times.receivedMs);
  return expiresMs === undefined ? 0 : Math.max(0, expiresMs - dateMs(times));
}

/** More than a day would be a guess that nobody can tell from a mistake. */
const MOST_GUESSED_MS = 24 * 60 * 60 * 1000;

/**
 * What has not changed for long will not change soon: a part of the time since then. Undefined when the answer does not say when
 * that was, or the part is 0. @see RFC 9111 section 4.2.2
 */
export function unchangedLifetimeMs(times: AnswerTimes, part: number): number | undefined {
  const { lastModified, receivedMs } = times;
  if (part === 0 || lastModified === undefined) return undefined;
  const changedMs = parseDate(lastModified, receivedMs);
  if (changedMs === undefined) return undefined;
  return Math.min(MOST_GUESSED_MS, part * Math.max(0, dateMs(times) - changedMs));
}

/** @see RFC 9111 section 4.2.3 */
function initialAgeMs(times: AnswerTimes): number {
  const ageMs = (saidAge(times) ?? 0) * 1000;
  const apparentMs = Math.max(0, times.receivedMs - dateMs(times));
  return Math.max(apparentMs, ageMs + times.delayMs);
}

/**
 * In seconds: the first of several counts, without parameters; undefined for what is no number. RFC 9111 section 5.1 would have
 * that ignored, which makes an answer of any age a new one.
 */
function saidAge({ age }: AnswerTimes): number | undefined {
  const [first = ''] = (age ?? '0').split(/[,;]/);
  return parseSeconds(first.trim());
}

/** What may be done with an answer that is stored. */
export function freshnessOf(
  directives: Directives,
  times: AnswerTimes,
  lifetimeMs: number,
  config: Pick<CacheConfig, 'staleIfError' | 'staleWhileRevalidate'>,
): Freshness {
  const { staleWhileRevalidate, staleIfError, noCache } = directives;
  // In-protocol directives that forbid stale use. RFC 9111 section 4.2.4.
  const isForbidden = noCache || directives.mustRevalidate || directives.proxyRevalidate;
  // s-maxage means proxy-revalidate (section 5.2.2.10), but an origin that allows stale use in the same breath means that.
  const isStrict = isForbidden || directives.sMaxage !== undefined;
  const allowedMs = (said: number | undefined, preset: number): number => {
    if (isForbidden) return 0;
    if (said !== undefined) return said * 1000;
    return isStrict ? 0 : preset;
  };
  return {
    receivedMs: times.receivedMs,
    initialAgeMs: initialAgeMs(times),
    // Nobody knows how old it is: it is asked for again.
    lifetimeMs: noCache || saidAge(times) === undefined ? 0 : lifetimeMs,
    noCache,
    mayBeStale: !isStrict,
    staleWhileRevalidateMs: allowedMs(staleWhileRevalidate, config.staleWhileRevalidate),
    staleIfErrorMs: allowedMs(staleIfError, config.staleIfError),
    immutable: directives.immutable,
  };
}

/** When the answer was made; when it came where it does not say. */
function dateMs({ date, receivedMs }: AnswerTimes): number {
  return date === undefined ? receivedMs : (parseDate(date, receivedMs) ?? receivedMs);
}
