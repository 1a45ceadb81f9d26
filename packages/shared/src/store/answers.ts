/**
 * Answers that the caches of all workers and instances share, and the leases by which one of them alone fetches what is missing.
 *
 *     ask ──┬─ stored                  use it
 *           ├─ yours ─▶ fetch, hold ─┬─▶ keep       others find it
 *           │                        └─▶ letGo      others may fetch it, or know that it is not for them
 *           └─ taken, passed           wait and ask again; fetch it without a lease
 *
 * A lease runs out by itself when whoever has it dies. What is purged takes its leases with it: an answer that was asked for
 * before is not kept after it.
 */
/** Which answer is meant. */
export interface AnswerPlace {
  /** All answers of one address: the cache, and the address as purges name it. */
  readonly address: string;
  /** What they are taken to differ by: names joined by commas. */
  readonly vary: string;
  /** Which of them; bounded and printable. */
  readonly variant: string;
}

/** What there is. */
export type Asked<Answer> =
  /** Fresh. @param ageMs since it was kept */
  | { readonly kind: 'stored'; readonly answer: Answer; readonly ageMs: number }
  /** The answers of this address differ by something else: ask for the right one. */
  | { readonly kind: 'varies'; readonly vary: string }
  /** Whoever asked has the lease. `stale` is what there is to be validated. */
  | { readonly kind: 'yours'; readonly stale: { answer: Answer; ageMs: number } | undefined }
  /** Somebody else has the lease. */
  | { readonly kind: 'taken' }
  /** It was fetched a moment ago, and is not for others. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'none' };

/** An answer to be kept. */
export interface Keeping {
  readonly bytes: Buffer;
  /** For how long it is fresh, and of any use. Whole milliseconds. */
  readonly freshMs: number;
  readonly usefulMs: number;
  readonly tags: readonly string[];
}

/** The right to fetch an answer. */
export interface LeaseClaim {
  /** Whose; of no other in the world. */
  readonly token: string;
  /** Whole milliseconds that it lasts. */
  readonly ms: number;
}

export interface AnswerStore<Answer> {
  /**
   * Looks for an answer, and where there is none that is fresh, for the right to fetch it.
   * @param claim undefined to look only
   * @throws StoreError `damaged` when what was found is none of ours: it is taken away, and asking again is worth it
   */
  ask(place: AnswerPlace, claim: LeaseClaim | undefined): Promise<Asked<Answer>>;

  /** The lease lasts from now on. Returns false when it is lost. */
  hold(place: AnswerPlace, claim: LeaseClaim): Promise<boolean>;

  /**
   * Keeps an answer and ends the lease; nothing is kept when the lease is lost, for the answer was purged then, or somebody else's is newer.
   * @param from where the lease is; undefined without one
   */
  keep(place: AnswerPlace, keeping: Keeping, from: HeldLease | undefined): Promise<void>;

  /** Ends a lease. @param passedMs so long others know that the answer is not for them; 0 where one of them may try */
  letGo(lease: HeldLease, passedMs: number): Promise<void>;

  /** Takes one variant away. */
  drop(place: AnswerPlace): Promise<void>;

  /** Takes all of some addresses away, and the leases of those who fetch them. */
  forget(addresses: readonly string[]): Promise<void>;
}

/** A lease, and where it was taken: the answer may turn out to belong to another variant. */
export interface HeldLease {
  readonly place: AnswerPlace;
  readonly token: string;
}

/** The operations, as metrics name them. */
export const ANSWER_OPERATIONS = ['ask', 'hold', 'keep', 'let_go', 'drop', 'forget'] as const;

export type AnswerOperation = (typeof ANSWER_OPERATIONS)[number];
