/** The right to fetch a missing answer alone, of all workers of all instances. It is renewed until it ends; it runs out by itself when its worker dies. */
import type { AnswerStore, HeldLease } from '@lb/shared/store/answers';
import { StoreError } from '@lb/shared/store/store';

/** Others wait so long for a worker that died. */
export const LEASE_MS = 2_000;

const RENEW_MS = 500;

/** So long the others know that an answer was not for them. */
const PASSED_MS = 10_000;

export class Lease {
  readonly held: HeldLease;
  readonly #answers: Pick<AnswerStore<unknown>, 'hold' | 'letGo'>;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  /** It was just taken. */
  constructor(answers: Pick<AnswerStore<unknown>, 'hold' | 'letGo'>, held: HeldLease) {
    this.#answers = answers;
    this.held = held;
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  /** The answer is kept with it, which ends it. Returns false when it has ended before. */
  use(): boolean {
    if (this.#isOver) return false;
    this.#end();
    return true;
  }

  /** Nothing is kept: somebody else may try, or `passed`, nobody needs to wait for this answer. */
  async letGo(why: 'free' | 'passed'): Promise<void> {
    if (!this.use()) return;
    await ignoringStore(this.#answers.letGo(this.held, why === 'passed' ? PASSED_MS : 0));
  }

  async #renew(): Promise<void> {
    const { place, token } = this.held;
    const isOurs = await ignoringStore(this.#answers.hold(place, { token, ms: LEASE_MS }));
    if (isOurs === false) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }
}

/** What the store cannot do now runs out in it by itself, and is counted where the store is looked after. */
export async function ignoringStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return undefined;
  }
}
