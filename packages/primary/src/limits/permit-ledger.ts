/**
 * Who may have how many tries in flight to backends with maxConnections: the workers ask, this gives. What a worker holds
 * is its own until it gives it back, so however late a message comes, all of them together never hold more than the limit.
 *
 *     wanted ──▶ some are free? ── yes ─────────────────────────▶ granted, to whoever has the fewest
 *                     └─ no ──▶ recalled, from whoever has the most ──▶ returned ─┘
 */
import type { PermitChange, PermitReport } from '@lb/shared/ipc/messages';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';

export interface PermitLedgerOptions {
  readonly send: (workerId: number, changes: readonly PermitChange[]) => void;
  readonly workerCount: () => number;
}

/** One worker's part in the permits of one backend. */
interface Holding {
  readonly workerId: number;
  held: number;
  /** Recalled and not returned yet. */
  owed: number;
  wanted: number;
  /** When it was given some last, as a number that grows. */
  grantedAt: number;
}

interface Account {
  /** 0 for none: nobody asks then, and what is held still counts if there is one later. */
  limit: number;
  readonly holdings: Map<number, Holding>;
}

/** Permits of one backend. */
export interface PermitCount {
  readonly limit: number;
  readonly given: number;
}

interface Tally {
  granted: number;
  recalled: number;
}

export class PermitLedger {
  readonly #options: PermitLedgerOptions;
  readonly #accounts = new Map<number, Account>();
  #grants = 0;

  constructor(options: PermitLedgerOptions) {
    this.#options = options;
  }

  /** Takes over the limits of a snapshot. Where one is lower now, what is too much is recalled. */
  follow(pools: readonly PoolSnapshot[]): void {
    const limits = new Map(
      pools.flatMap(({ backends }) => backends.map((each) => [each.slot, each.maxConnections])),
    );
    for (const [slot, account] of this.#accounts) account.limit = limits.get(slot) ?? 0;
    for (const [slot, limit] of limits) {
      if (limit > 0 && !this.#accounts.has(slot))
        this.#accounts.set(slot, { limit, holdings: new Map() });
    }
    for (const slot of this.#accounts.keys()) this.#settle(slot);
  }

  /** A worker gives some back, and says what more it could use. */
  report(workerId: number, { slot, returned, wanted }: PermitReport): void {
    const account = this.#accounts.get(slot);
    if (account === undefined) return;
    const holding = account.holdings.get(workerId) ?? {
      workerId,
      held: 0,
      owed: 0,
      wanted: 0,
      grantedAt: 0,
    };
    account.holdings.set(workerId, holding);
    holding.held -= returned;
    holding.owed = Math.max(0, holding.owed - returned);
    holding.wanted = wanted;
    this.#settle(slot);
  }

  /** Undefined for a backend without a limit. */
  of(slot: number): PermitCount | undefined {
    const account = this.#accounts.get(slot);
    if (account === undefined || account.limit === 0) return undefined;
    return { limit: account.limit, given: sum([...account.holdings.values()], 'held') };
  }

  /** A worker is gone, and all its tries with it. */
  remove(workerId: number): void {
    for (const [slot, { holdings }] of this.#accounts)
      if (holdings.delete(workerId)) this.#settle(slot);
  }

  #settle(slot: number): void {
    const account = this.#accounts.get(slot);
    if (account === undefined || account.limit === 0) return;
    const holdings = [...account.holdings.values()];
    const tallies = new Map<number, Tally>();
    this.#grant(account.limit, holdings, tallies);
    recall(account.limit, holdings, tallies);
    for (const [workerId, tally] of tallies)
      this.#options.send(workerId, [{ slot, trials: 0, ...tally }]);
  }

  /** First to whoever has the fewest, and of these to whoever was given some longest ago; each its part. */
  #grant(limit: number, holdings: readonly Holding[], tallies: Map<number, Tally>): void {
    const share = Math.floor(limit / Math.max(1, this.#options.workerCount()));
    // Whoever wants one gets its share at once: it will want more.
    for (const each of holdings)
      if (each.wanted > 0) each.wanted = Math.max(each.wanted, share - each.held);
    let free = limit - sum(holdings, 'held');
    while (free > 0) {
      const hungry = holdings.filter(({ wanted }) => wanted > 0);
      const [next] = hungry.toSorted((a, b) => a.held - b.held || a.grantedAt - b.grantedAt);
      if (next === undefined) return;
      const count = Math.min(next.wanted, Math.ceil(free / hungry.length));
      next.held += count;
      next.wanted -= count;
      next.grantedAt = ++this.#grants;
      tallyOf(tallies, next).granted += count;
      free -= count;
    }
  }
}

/** Asks back what is beyond the limit, and what others want and may have. */
function recall(limit: number, holdings: readonly Holding[], tallies: Map<number, Tally>): void {
  const take = (from: Holding, count: number): void => {
    from.owed += count;
    tallyOf(tallies, from).recalled += count;
  };
  const held = sum(holdings, 'held');
  for (let excess = held - sum(holdings, 'owed') - limit; excess > 0;) {
    const richest = least(holdings, (each) => -net(each));
    if (richest === undefined) break;
    const count = Math.min(excess, Math.ceil(net(richest) / 2));
    take(richest, count);
    excess -= count;
  }
  // What is on its way back already goes to whoever has the fewest.
  const promised = new Map<Holding, number>();
  const willHave = (each: Holding): number => net(each) + (promised.get(each) ?? 0);
  const stillWants = (each: Holding): boolean => (promised.get(each) ?? 0) < each.wanted;
  for (let coming = sum(holdings, 'owed') - Math.max(0, held - limit); ; coming--) {
    const poorest = least(holdings.filter(stillWants), willHave);
    if (poorest === undefined) return;
    if (coming <= 0) {
      const richest = least(
        holdings.filter((each) => each !== poorest && mayLose(each, willHave(poorest))),
        (each) => -net(each),
      );
      if (richest === undefined) return;
      take(richest, 1);
    }
    promised.set(poorest, (promised.get(poorest) ?? 0) + 1);
  }
}

/**
 * Whether a worker gives one to another that has so many: always where it wants none itself; else while it has more than that
 * one would have. Where there are fewer permits than workers they go round, so that nobody waits for ever.
 */
function mayLose(each: Holding, poorest: number): boolean {
  const has = net(each);
  if (has <= 0) return false;
  return each.wanted === 0 || has > poorest + 1 || poorest === 0;
}

/** What it has when all that was recalled is back. */
function net({ held, owed }: Holding): number {
  return held - owed;
}

function sum(holdings: readonly Holding[], key: 'held' | 'owed'): number {
  return holdings.reduce((total, each) => total + each[key], 0);
}

function least(holdings: readonly Holding[], cost: (each: Holding) => number): Holding | undefined {
  let best: Holding | undefined;
  for (const each of holdings) if (best === undefined || cost(each) < cost(best)) best = each;
  return best;
}

function tallyOf(tallies: Map<number, Tally>, { workerId }: Holding): Tally {
  const tally = tallies.get(workerId) ?? { granted: 0, recalled: 0 };
  tallies.set(workerId, tally);
  return tally;
}
