/** Whether a shared cache may keep an answer, and what of it. @see RFC 9111 section 3 */
import type { CacheConfig } from '@lb/shared/config/schema/root';
import { valueOf } from '../http1/field-names.ts';
import { flat } from '../http1/flat.ts';
import { toLines } from '../http1/head-text.ts';
import { REASON_PHRASES } from '../http1/reason-phrases.ts';
import { type Directives, parseCacheControl } from './directives.ts';
import {
  type AnswerTimes,
  explicitLifetimeMs,
  freshnessOf,
  unchangedLifetimeMs,
} from './freshness.ts';
import type { StoredHead } from './stored-answer.ts';
import { parseTargeted } from './targeted-directives.ts';
import { varyNames } from './vary.ts';

/** The head of a complete answer. */
export interface AnswerHead {
  readonly status: number;
  /** With its CR LF. */
  readonly statusLine: string;
  /** Names and values in turn, without what ends at this hop, with Date. */
  readonly fields: readonly string[];
  /** When it came, on the wall clock. */
  readonly receivedMs: number;
  /** From the request to the head. */
  readonly delayMs: number;
}

/** What it was the answer to. */
export interface Asked {
  readonly isAuthorized: boolean;
  readonly hasCookie: boolean;
}

/** Of the cache that it goes to, and the name in lower case of the field that carries the request's id. */
export interface StoreRules {
  readonly config: CacheConfig;
  readonly requestIdName: string;
}

/** Says something of the way the request was put, not of what it asked for: one client's would be everybody's (CPDoS). */
const REQUEST_FAULTS = new Set([
  400, 407, 408, 411, 412, 413, 414, 415, 416, 417, 421, 425, 426, 428, 429, 431, 501, 505, 511,
]);

/** Parts and confirmations, which are no answers by themselves. */
const INCOMPLETE = new Set([206, 304]);

/** May be kept though they say nothing of freshness: those of RFC 9110 section 15.1 that are about what was asked for. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 410]);

/** Written by the cache, or for one hop, or one request. */
const NEVER_KEPT = new Set(['age', 'content-length', 'proxy-authentication-info', 'trailer']);

/** What is to be kept of an answer; undefined when it must not be, or would be of no use. */
export function headToStore(
  answer: AnswerHead,
  asked: Asked,
  { config, requestIdName }: StoreRules,
): StoredHead | undefined {
  const { status, fields } = answer;
  if (INCOMPLETE.has(status) || REQUEST_FAULTS.has(status)) return undefined;
  const said = (name: string): string | undefined => valueOf(fields, name);
  const targeted = parseTargeted(said('cdn-cache-control'));
  const directives = targeted ?? parseCacheControl(said('cache-control'));
  if (!mayStore(directives, status, asked)) return undefined;
  if (said('set-cookie') !== undefined && !directives.isPublic) return undefined;
  const vary = varyNames(said('vary'));
  if (vary === undefined) return undefined;
  const times = timesOf(answer, said);
  const lifetimeMs =
    explicitLifetimeMs(directives, times, targeted !== undefined) ??
    (mayGuess(directives, status, asked)
      ? guessedLifetimeMs(directives, times, config)
      : undefined);
  if (lifetimeMs === undefined) return undefined;
  const freshness = freshnessOf(directives, times, lifetimeMs, config);
  const etag = said('etag');
  const lastModified = said('last-modified');
  const usableMs =
    freshness.lifetimeMs -
    freshness.initialAgeMs +
    Math.max(freshness.staleWhileRevalidateMs, freshness.staleIfErrorMs);
  // It could never be used without asking for it whole.
  if (etag === undefined && lastModified === undefined && usableMs <= 0) return undefined;
  const kept = keptFields(fields, [...directives.withheld, requestIdName]);
  return {
    status,
    statusLine: flat(answer.statusLine),
    lines: flat(toLines(kept)),
    freshness,
    vary,
    tags: tagsOf(said),
    etag: etag === undefined ? undefined : flat(etag),
    lastModified: lastModified === undefined ? undefined : flat(lastModified),
    wasAuthorized: asked.isAuthorized,
  };
}

function mayStore(directives: Directives, status: number, { isAuthorized }: Asked): boolean {
  // RFC 9111 section 5.2.2.3: it lifts no-store where the status is understood.
  const { mustUnderstand } = directives;
  const isUnderstood = REASON_PHRASES[status] !== undefined;
  if (mustUnderstand ? !isUnderstood : directives.noStore) return false;
  if (directives.isPrivate) return false;
  // RFC 9111 section 3.5.
  return (
    !isAuthorized ||
    directives.isPublic ||
    directives.mustRevalidate ||
    directives.sMaxage !== undefined
  );
}

/** Whether an answer may have a life that it does not name. @see RFC 9111 section 4.2.2 */
function mayGuess(
  { isPublic, noCache }: Directives,
  status: number,
  { isAuthorized, hasCookie }: Asked,
): boolean {
  // Nobody said that others may have it: what may be about one user is left alone (web cache deception).
  return noCache || isPublic || (HEURISTIC.has(status) && !isAuthorized && !hasCookie);
}

/** undefined when nothing is to be guessed. */
function guessedLifetimeMs(
  { noCache }: Directives,
  times: AnswerTimes,
  { defaultTtl, heuristicFreshness }: CacheConfig,
): number | undefined {
  // It says itself how it may be used: after it was asked for again.
  if (noCache) return 0;
  const unchangedMs = unchangedLifetimeMs(times, heuristicFreshness);
  return unchangedMs ?? (defaultTtl === 0 ? undefined : defaultTtl);
}

function timesOf(
  { receivedMs, delayMs }: AnswerHead,
  said: (name: string) => string | undefined,
): AnswerTimes {
  return {
    age: said('age'),
    date: said('date'),
    expires: said('expires'),
    lastModified: said('last-modified'),
    receivedMs,
    delayMs,
  };
}

function keptFields(fields: readonly string[], withheld: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const lower = name.toLowerCase();
    if (!NEVER_KEPT.has(lower) && !withheld.includes(lower))
      kept.push(name, fields[i + 1] as string);
  }
  return kept;
}

/** Surrogate-Key parts by spaces, Cache-Tag by commas. */
function tagsOf(said: (name: string) => string | undefined): readonly string[] {
  const text = `${said('surrogate-key') ?? ''},${said('cache-tag') ?? ''}`;
  const tags = text.split(/[\s,]+/).filter((tag) => tag !== '');
  return tags.length === 0 ? NO_TAGS : tags.map(flat);
}

const NO_TAGS: readonly string[] = [];
