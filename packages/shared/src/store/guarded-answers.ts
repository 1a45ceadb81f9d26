/** Shared answers that never make a request wait longer than the timeout, whatever happens to them. @see Guard */
import type {
  AnswerOperation,
  AnswerPlace,
  AnswerStore,
  Asked,
  HeldLease,
  Keeping,
  LeaseClaim,
} from './answers.ts';
import { Guard, type GuardOptions, type Probeable } from './guard.ts';

export class GuardedAnswers<Answer> implements AnswerStore<Answer> {
  readonly #answers: AnswerStore<Answer>;
  readonly #guard: Guard<AnswerOperation>;

  /** Begins to probe; `close()` ends the store with it. */
  constructor(answers: AnswerStore<Answer> & Probeable, options: GuardOptions<AnswerOperation>) {
    this.#answers = answers;
    this.#guard = new Guard(answers, options);
  }

  get isUp(): boolean {
    return this.#guard.isUp;
  }

  /** Resolves when it is known whether it is there: within about a second. */
  get known(): Promise<void> {
    return this.#guard.known;
  }

  ask(place: AnswerPlace, claim: LeaseClaim | undefined): Promise<Asked<Answer>> {
    return this.#guard.run('ask', () => this.#answers.ask(place, claim));
  }

  hold(place: AnswerPlace, claim: LeaseClaim): Promise<boolean> {
    return this.#guard.run('hold', () => this.#answers.hold(place, claim));
  }

  keep(place: AnswerPlace, keeping: Keeping, from: HeldLease | undefined): Promise<void> {
    return this.#guard.run('keep', () => this.#answers.keep(place, keeping, from));
  }

  letGo(lease: HeldLease, passedMs: number): Promise<void> {
    return this.#guard.run('let_go', () => this.#answers.letGo(lease, passedMs));
  }

  drop(place: AnswerPlace): Promise<void> {
    return this.#guard.run('drop', () => this.#answers.drop(place));
  }

  forget(addresses: readonly string[]): Promise<void> {
    return this.#guard.run('forget', () => this.#answers.forget(addresses));
  }

  /** What still waits fails; no timer and no connection is left. */
  close(): Promise<void> {
    return this.#guard.close();
  }
}
