/** Several limits for one request: all give a token, or none does. */
import { StoreError } from '@lb/shared/store/store';
import type { Supplied } from '../store/limit-source.ts';
import type { LimitEntry } from './limit-entry.ts';
import type { Limiter } from './limiter.ts';

/** A limit, and whom a request is counted for under it. */
export interface Charge {
  readonly limiter: Limiter;
  readonly entry: LimitEntry;
}

/** Those that refuse; none when every one gave its token. A promise where the store has to be asked. */
export function chargeAll(
  charges: readonly Charge[],
  nowMs: number,
): readonly Charge[] | Promise<readonly Charge[]> {
  const [only] = charges;
  if (only !== undefined && charges.length === 1) return chargeOne(only, charges, nowMs);
  const spent: Charge[] = [];
  const unknown: Charge[] = [];
  const refusing: Charge[] = [];
  for (const charge of charges) {
    const outcome = charge.limiter.spend(charge.entry, nowMs);
    if (outcome === 'allowed') spent.push(charge);
    else if (outcome === 'refused') refusing.push(charge);
    else if (outcome === 'unknown') unknown.push(charge);
  }
  if (refusing.length > 0) {
    putBack(spent);
    return refusing;
  }
  if (unknown.length === 0) return NOBODY;
  return askFor(unknown, nowMs).then((refused) => {
    if (refused.length > 0) putBack(spent);
    return refused;
  });
}

/** Nearly every route has one limit: no list is made for it. @param charges the charge alone */
function chargeOne(
  { limiter, entry }: Charge,
  charges: readonly Charge[],
  nowMs: number,
): readonly Charge[] | Promise<readonly Charge[]> {
  switch (limiter.spend(entry, nowMs)) {
    case 'allowed':
    case 'free':
      return NOBODY;
    case 'refused':
      return charges;
    case 'unknown':
      return askFor(charges, nowMs);
  }
}

const NOBODY: readonly Charge[] = [];

function putBack(charges: readonly Charge[]): void {
  for (const { limiter, entry } of charges) limiter.unspend(entry);
}

async function askFor(charges: readonly Charge[], nowMs: number): Promise<readonly Charge[]> {
  const [only] = charges;
  if (only !== undefined && charges.length === 1) {
    return (await only.limiter.ask(only.entry, nowMs)) ? NOBODY : charges;
  }
  return takeTogether(charges);
}

/** One token out of each bucket, in one step of the store. */
async function takeTogether(charges: readonly Charge[]): Promise<readonly Charge[]> {
  const [first] = charges;
  if (first === undefined) return NOBODY;
  const { source } = first.limiter;
  if (source.isUp) {
    try {
      return verdict(charges, await source.take(bucketsOf(charges), 1));
    } catch (error) {
      // It is away since a moment: each limit says what then.
      if (!(error instanceof StoreError)) throw error;
    }
  }
  const closed = charges.filter(({ limiter }) => limiter.config.onStoreDown === 'closed');
  if (closed.length > 0) return closed;
  const local = charges.filter(({ limiter }) => limiter.config.onStoreDown === 'local');
  if (local.length === 0) return NOBODY;
  return verdict(local, await source.takeElsewhere(bucketsOf(local), 1));
}

function bucketsOf(charges: readonly Charge[]): readonly LimitEntry['bucket'][] {
  return charges.map(({ entry }) => entry.bucket);
}

function verdict(charges: readonly Charge[], { taken, isDegraded }: Supplied): readonly Charge[] {
  for (const [place, { limiter, entry }] of charges.entries()) {
    const level = taken.levels[place];
    if (level !== undefined) limiter.note(entry, level, isDegraded);
  }
  if (taken.granted > 0) return NOBODY;
  return charges.filter((_, place) => taken.levels[place]?.remaining === 0);
}
