/**
 * A request for a missing answer that others on this worker wait for: it looks whether another worker or instance has the answer, or is
 * fetching it, before it goes to a backend itself.
 *
 *     ask ──┬─ stored ─────────▶ answered, with all who wait here
 *        ▲  ├─ yours ──────────▶ on to a backend, with the lease
 *        │  ├─ taken ──┐
 *        └──┴─ ◀── a while
 *           └─ passed, the store is away ──▶ on to a backend
 */
import { StoreError } from '@lb/shared/store/store';
import type { Carrier } from '../request/exchange.ts';
import type { Verdict } from '../stages/stage.ts';
import type { StoreSpan } from '../tracing/store-span.ts';
import type { Cache } from './cache.ts';
import type { Entry } from './entry.ts';
import type { Fill } from './fill.ts';
import type { Lease } from './lease.ts';
import { sendShared } from './look-elsewhere.ts';
import type { Found, FoundAnswer, SharedTier } from './shared-tier.ts';
import { Visit, type VisitSetup } from './visit.ts';

/** Between looks at what another one fetches: the first, each further one twice as long, and the longest. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** Who has waited so long fetches it as well. */
const MOST_WAIT_MS = 30_000;

/** The request, and what those here wait for. */
export interface QuestSetup extends Omit<VisitSetup, 'fill'> {
  readonly fill: Fill;
  /** It begins anew. */
  readonly onRestart: () => Verdict | Promise<Verdict>;
}

export class Quest implements Carrier {
  readonly #cache: Cache;
  readonly #tier: SharedTier;
  readonly #setup: QuestSetup;
  readonly #settle: (verdict: Verdict | Promise<Verdict>) => void;
  readonly #untilMs: number;
  /** From the first look to the last. */
  readonly #span: StoreSpan | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  /** Its client has left. */
  #isOver = false;
  /** What was damaged is gone now. */
  #hasSeenDamage = false;

  /** @param settle called once, with what the stage says; not when the client leaves before */
  constructor(
    cache: Cache,
    tier: SharedTier,
    setup: QuestSetup,
    settle: (verdict: Verdict | Promise<Verdict>) => void,
  ) {
    this.#cache = cache;
    this.#tier = tier;
    this.#setup = setup;
    this.#settle = settle;
    this.#untilMs = cache.clock.monotonicMs() + MOST_WAIT_MS;
    this.#span = setup.exchange.trace?.beginStoreCall('ask');
    this.#look();
  }

  resume(): void {
    // Nothing has been sent yet.
  }

  /** Whoever waits here with it begins anew. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#span?.end();
    clearTimeout(this.#timer);
    this.#setup.fill.restart();
    this.#settle('answered');
  }

  #look(): void {
    const { key, exchange } = this.#setup;
    this.#tier
      .find(key, exchange, true)
      .then(
        (found) => this.#found(found),
        (error: unknown) => this.#failed(error),
      )
      .catch((error: unknown) => exchange.fail(error));
  }

  #found(found: Found): void {
    const { key, fill, entry, onRestart } = this.#setup;
    if (found.kind !== 'taken') this.#span?.end();
    if (this.#isOver || !fill.mayBeStored) {
      if (found.kind === 'yours') void found.lease.letGo('free');
      if (this.#isOver) return;
      // It was purged meanwhile, and so may be what was found.
      this.#isOver = true;
      this.#settle(onRestart());
      return;
    }
    switch (found.kind) {
      case 'stored':
        this.#use(found.stored);
        return;
      case 'yours':
        this.#goOn(found.lease, entry ?? (found.stale && this.#tier.adopt(found.stale)));
        return;
      case 'passed':
        this.#cache.fills.pass(key, this.#cache.clock.monotonicMs());
        fill.decline();
        this.#goAlone();
        return;
      case 'taken':
        this.#wait();
        return;
      case 'none':
        this.#goOn(undefined, entry);
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    if (this.#isOver) return;
    if (error.failure !== 'damaged' || this.#hasSeenDamage) {
      this.#span?.fail(error.failure);
      this.#goOn(undefined, this.#setup.entry);
      return;
    }
    this.#hasSeenDamage = true;
    this.#look();
  }

  #wait(): void {
    if (this.#cache.clock.monotonicMs() >= this.#untilMs) {
      this.#span?.end();
      this.#goOn(undefined, this.#setup.entry);
      return;
    }
    this.#timer = setTimeout(() => this.#look(), this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
  }

  #use(stored: FoundAnswer): void {
    const { exchange, route, traits, fill } = this.#setup;
    this.#isOver = true;
    this.#tier.adopt(stored, (entry) => {
      fill.settle(entry);
      sendShared(this.#cache, exchange, { route, traits, entry });
    });
    this.#settle('answered');
  }

  /** To a backend, and those who wait here with it. */
  #goOn(lease: Lease | undefined, entry: Entry | undefined): void {
    const { exchange, fill } = this.#setup;
    this.#isOver = true;
    fill.lease = lease;
    exchange.caching = new Visit(this.#cache, { ...this.#setup, entry, fill });
    this.#settle(undefined);
  }

  #goAlone(): void {
    this.#isOver = true;
    this.#setup.exchange.caching = new Visit(this.#cache, { ...this.#setup, fill: undefined });
    this.#settle(undefined);
  }
}
