/** What the clients sent and saw, to be held against what the balancer counted. */

/** How a request ended for its client. */
export type Ending =
  /** A whole answer. */
  | { readonly kind: 'answered'; readonly status: number }
  /** The client went away on purpose. */
  | { readonly kind: 'aborted' }
  /** It broke without the client's doing. */
  | { readonly kind: 'broken'; readonly why: string; readonly hasHead: boolean };

export interface Sent {
  readonly what: string;
  readonly isIdempotent: boolean;
  readonly startedMs: number;
}

/** A backend's death is felt by what was under way then, and until its end is known everywhere. */
const AFTERMATH_MS = 1_500;

export class Tally {
  /** Whole answers by status. */
  readonly answered = new Map<number, number>();
  readonly byKind = new Map<string, number>();
  aborted = 0;
  /** Broken, with a backend's death to blame. */
  explained = 0;
  /** What nothing explains; each with its kind. */
  readonly failures: string[] = [];
  readonly #deathsMs: number[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** All requests whose end was seen. */
  get sent(): number {
    const whole = [...this.answered.values()].reduce((sum, count) => sum + count, 0);
    return whole + this.aborted + this.#broken;
  }

  #broken = 0;

  /** A backend is about to be killed. */
  died(): void {
    this.#deathsMs.push(this.#nowMs());
  }

  begin(what: string, isIdempotent: boolean): Sent {
    this.byKind.set(what, (this.byKind.get(what) ?? 0) + 1);
    return { what, isIdempotent, startedMs: this.#nowMs() };
  }

  end(sent: Sent, ending: Ending): void {
    switch (ending.kind) {
      case 'answered':
        this.answered.set(ending.status, (this.answered.get(ending.status) ?? 0) + 1);
        if (ending.status !== 200 && ending.status !== 101) {
          this.#blame(sent, `status ${ending.status}`, !sent.isIdempotent);
        }
        break;
      case 'aborted':
        this.aborted++;
        break;
      case 'broken':
        this.#broken++;
        // What has begun cannot be tried again.
        this.#blame(sent, ending.why, !sent.isIdempotent || ending.hasHead);
        break;
    }
  }

  /** Something that no death explains. */
  fail(sent: Sent, why: string): void {
    this.failures.push(`${sent.what}: ${why}`);
  }

  #blame(sent: Sent, why: string, mayFail: boolean): void {
    const isNearDeath = this.#deathsMs.some(
      (diedMs) => diedMs > sent.startedMs - AFTERMATH_MS && diedMs <= this.#nowMs(),
    );
    if (mayFail && isNearDeath) this.explained++;
    else this.fail(sent, why);
  }
}
