/** What a policy sees and what it does. One policy, one file; registry.ts lists them. */
import type { Random } from '@lb/shared/time/clock';
import type { KeySource } from '../request/request-key.ts';

/** A backend as a policy sees it: available, with a weight above zero. Its health is not a policy's business. */
export interface Candidate {
  readonly slot: number;
  /** Unique in its pool, and the same wherever the pool is. */
  readonly name: string;
  /** 1 to 1000. */
  readonly weight: number;
  /** Tries in flight, over all workers. */
  readonly load: number;
  /** Peak-sensitive average of the time to a response head, in milliseconds; 0 without a sample. */
  readonly latencyMs: number;
  /** Above 0, and 1 but for a backend in slow start: it should have this much of the load that it would have. */
  readonly share: number;
  /** Its limits allow one more. False is no reason to leave a turn to it: it is passed over like one that was tried. */
  readonly hasRoom: boolean;
}

/** What a pick may depend on. */
export interface PickContext {
  /** Backends that had a try of this request already. */
  readonly tried: readonly Candidate[];
  /** The piece of the request that a hash policy goes by; undefined when the request has none. */
  hashKey(source: KeySource): string | undefined;
}

/** Picks a backend for each try. */
export interface Policy<C extends Candidate = Candidate> {
  /** Called when the candidates, their order or their weights change, and once before the first pick. */
  update(candidates: readonly C[]): void;
  /**
   * A candidate with room that is not in `context.tried`, or undefined when there is none; eligible.ts has the question.
   * Runs per try: no I/O, no allocation.
   */
  pick(context: PickContext): C | undefined;
  /** What `pick` would say, without a turn taken; absent where a pick leaves nothing behind. */
  peek?(context: PickContext): C | undefined;
  /** What is compared, lower is better; absent where nothing is. */
  readonly cost?: (candidate: Candidate) => number;
  /** The piece of the request that decides, where one does. */
  readonly keySource?: KeySource;
}

/** What a policy is made with that is the same for all pools of a worker. */
export interface PolicyTools {
  readonly random: Random;
  /**
   * Where this worker stands among all, from 0 up to but not including 1. Policies that walk in a circle start there, so
   * that the workers' circles, each even by itself, do not all begin with the same backend.
   */
  readonly startOffset: number;
}

/** What a policy is made with. */
export interface PolicySetup extends PolicyTools {
  readonly hashOn: KeySource;
  /** 0 for no bound, else at least 1. */
  readonly hashBalanceFactor: number;
}
