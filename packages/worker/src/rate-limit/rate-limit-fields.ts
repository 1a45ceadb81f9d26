/**
 * What a client is told of its limits: `RateLimit-Policy`, which limits there are, and `RateLimit`, how it stands with them.
 * Structured fields, lists of strings with parameters. The bucket is the quota, and the time in which it fills up the window.
 * @see draft-ietf-httpapi-ratelimit-headers-10; RFC 9651
 */
import type { Charge } from './limit-charge.ts';
import type { LimitEntry } from './limit-entry.ts';
import type { Limiter } from './limiter.ts';

/** Both lines with their CR LF; '' when there is nothing to say. Limits in the shadow and those without `headers` are not named. */
export function rateLimitLines(charges: readonly Charge[], nowMs: number): string {
  const [only] = charges;
  if (only !== undefined && charges.length === 1) {
    return only.limiter.isTold ? only.limiter.linesStart + stateOf(only.entry, nowMs) + '\r\n' : '';
  }
  let policies = '';
  let states = '';
  for (const charge of charges) {
    if (!charge.limiter.isTold) continue;
    const comma = policies === '' ? '' : ', ';
    policies += comma + charge.limiter.policyItem;
    states += comma + stateItem(charge, nowMs);
  }
  return policies === '' ? '' : `RateLimit-Policy: ${policies}\r\nRateLimit: ${states}\r\n`;
}

/** `"per-client";q=200;w=2` */
export function policyItem({
  name,
  config: { rate, burst },
}: Pick<Limiter, 'name' | 'config'>): string {
  return `"${name}";q=${burst};w=${Math.max(1, Math.ceil(burst / rate))}`;
}

/** Both lines of a limit that is alone, up to what changes. */
export function linesStart(name: string, policy: string): string {
  return `RateLimit-Policy: ${policy}\r\nRateLimit: "${name}";r=`;
}

/** Seconds after which another try may pass, at least 1. @param refusing those that refused */
export function retryAfterSeconds(refusing: readonly Charge[], nowMs: number): number {
  const waitMs = refusing.map(({ entry }) => entry.refusedForMs(nowMs));
  return Math.max(1, Math.ceil(Math.max(...waitMs) / 1_000));
}

/** `"per-client";r=199;t=1` */
function stateItem({ limiter, entry }: Charge, nowMs: number): string {
  return `"${limiter.name}";r=${stateOf(entry, nowMs)}`;
}

/** `199;t=1` */
function stateOf(entry: LimitEntry, nowMs: number): string {
  return `${entry.remaining(nowMs)};t=${Math.ceil(entry.resetMs(nowMs) / 1_000)}`;
}
