/**
 * A pool in a worker: its backends, those of them that may get traffic, the policy that picks among these, and what keeps
 * sessions on their backends.
 */
import { isDeepStrictEqual } from 'node:util';
import { mayEject } from '@lb/shared/model/rotation';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import { SecondTries } from '../forward/second-tries.ts';
import type { PoolMetrics } from '../metrics/request-metrics.ts';
import { parseKeySource } from '../request/request-key.ts';
import type { Backend } from './backend.ts';
import { anyMayTake } from './eligible.ts';
import type { PickContext, Policy, PolicyTools } from './policy.ts';
import { createPolicy } from './registry.ts';
import { inRotation } from './rotation.ts';
import { SlowStart } from './slow-start.ts';
import { WaitQueue } from './wait-queue.ts';
import { createSticky } from './sticky/registry.ts';
import type { Sticky } from './sticky/sticky.ts';

/** What a pool is made with. */
export interface PoolTools extends PolicyTools {
  readonly clock: Clock;
  /** A request began to wait. */
  readonly onWait: (pool: Pool) => void;
  /** Requests that may wait in this worker. */
  readonly queueMax: number;
  /** Keys the values of sticky cookies. */
  readonly secret: string;
}

/** Why a pool has no backend for a request. */
export type NoBackend = 'no_backend' | 'breaker_open' | 'full';

export class Pool {
  readonly name: string;
  readonly metrics: PoolMetrics;
  readonly secondTries: SecondTries;
  /** Where requests wait that found every backend full. */
  readonly queue: WaitQueue;
  readonly #tools: PolicyTools;
  #secret: string;
  #config: PoolSnapshot;
  #backends: readonly Backend[];
  #policy: Policy<Backend>;
  #sticky: Sticky | undefined;
  readonly #slowStart: SlowStart;
  #candidates: readonly Backend[] = [];
  #isStale = false;
  /** Weights that the policy knows, beside the candidates: a weight may change while the candidates do not. */
  #fingerprint = '';

  constructor(
    config: PoolSnapshot,
    backends: readonly Backend[],
    metrics: PoolMetrics,
    tools: PoolTools,
  ) {
    this.name = config.name;
    this.metrics = metrics;
    this.secondTries = new SecondTries(config);
    this.#tools = tools;
    this.#slowStart = new SlowStart(tools.clock, tools.random);
    this.#config = config;
    this.#backends = backends;
    this.#policy = newPolicy(config, tools);
    this.#secret = tools.secret;
    this.#sticky = this.#newSticky();
    this.#sticky?.update(backends);
    this.queue = new WaitQueue({
      nowMs: () => tools.clock.monotonicMs(),
      isWorthLooking: () => this.#hasRoom() || this.whyNone !== 'full',
      onMove: (by) => {
        metrics.moveQueue(by);
        if (by > 0) tools.onWait(this);
      },
      onRejection: (reason) => metrics.queueRejected(reason),
    });
    this.queue.configure(tools.queueMax, config.queue.timeout);
    this.#refresh();
  }

  get config(): PoolSnapshot {
    return this.#config;
  }

  /** Tries in flight to its backends, over all workers. */
  get load(): number {
    let load = 0;
    for (const backend of this.#backends) load += backend.load;
    return load;
  }

  /**
   * What keeps sessions on their backends; undefined where nothing does. Asked for by each request: a backend that serves its
   * sessions in a panic alone must not go on when that is over.
   */
  get sticky(): Sticky | undefined {
    if (this.#isStale) this.#refresh();
    return this.#sticky;
  }

  /** Takes over a new snapshot; the policy keeps its place when it is still the same one, stickiness what it knows. */
  apply(
    config: PoolSnapshot,
    backends: readonly Backend[],
    secret: string,
    queueMax: number,
  ): void {
    const isSameSticky =
      secret === this.#secret && isDeepStrictEqual(config.sticky, this.#config.sticky);
    const isSamePolicy = wantsSamePolicy(this.#config, config);
    this.#config = config;
    this.#backends = backends;
    this.secondTries.apply(config);
    this.#secret = secret;
    if (!isSameSticky) this.#sticky = this.#newSticky();
    this.#sticky?.update(backends);
    if (!isSamePolicy) {
      this.#policy = newPolicy(config, this.#tools);
      this.#fingerprint = '';
    }
    this.queue.configure(queueMax, config.queue.timeout);
    this.#refresh();
    this.queue.backendsChanged();
  }

  /**
   * State or weight of a backend changed. The policy learns it at the next pick: ten thousand backends that come up one by one
   * must not be gone through ten thousand times.
   */
  changed(): void {
    this.#isStale = true;
    this.queue.backendsChanged();
  }

  /** Whether one more of its backends may be ejected, as far as this worker knows. */
  mayEject(backend: Backend): boolean {
    return mayEject(backend, this.#backends, this.#config.passiveHealth.maxEjectedPercent);
  }

  /** The pool is in no snapshot any more: who waits for it has nothing to wait for. */
  close(): void {
    this.#backends = [];
    this.changed();
  }

  /** The backends of the pool, whatever their state. */
  get backends(): readonly Backend[] {
    return this.#backends;
  }

  /** How many of them may get traffic. */
  get candidateCount(): number {
    return this.#candidates.length;
  }

  /** Why `pick` found none. `full`: there are some, and one of them may have room soon. */
  get whyNone(): NoBackend {
    if (this.#isStale) this.#refresh();
    if (this.#candidates.length > 0) return 'full';
    return this.#backends.some(({ isBroken }) => isBroken) ? 'breaker_open' : 'no_backend';
  }

  /** A backend that was not tried yet; where there is no such, one that was; undefined when none has room, or may get traffic. */
  pick(context: PickContext): Backend | undefined {
    if (this.#isStale) this.#refresh();
    const slowStart = this.#slowStart;
    const fresh = slowStart.isOn
      ? slowStart.pick(this.#policy, context)
      : this.#policy.pick(context);
    if (fresh !== undefined || context.tried.length === 0) return fresh;
    return this.#policy.pick({ tried: [], hashKey: (source) => context.hashKey(source) });
  }

  /** What `pick` would say, without a turn taken: an example where chance decides. A slow start takes nothing from it. */
  peek(context: PickContext): Backend | undefined {
    if (this.#isStale) this.#refresh();
    return this.#policy.peek === undefined
      ? this.#policy.pick(context)
      : this.#policy.peek(context);
  }

  /** Whether the policy picks from it. */
  isCandidate(backend: Backend): boolean {
    if (this.#isStale) this.#refresh();
    return this.#candidates.includes(backend);
  }

  /** What the policy compares; undefined where it compares nothing. */
  get cost(): Policy['cost'] {
    return this.#policy.cost;
  }

  #newSticky(): Sticky | undefined {
    const { sticky, name } = this.#config;
    return sticky === null ? undefined : createSticky(sticky, name, this.#secret);
  }

  #hasRoom(): boolean {
    if (this.#isStale) this.#refresh();
    return anyMayTake(this.#candidates, []);
  }

  /** Tells the policy who may get traffic. */
  #refresh(): void {
    this.#isStale = false;
    const candidates = inRotation(this.#backends, this.#config.panicThreshold);
    this.#slowStart.update(candidates);
    const fingerprint = candidates.map(({ slot, weight }) => `${slot}*${weight}`).join();
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    this.#candidates = candidates;
    this.#policy.update(candidates);
  }
}

function newPolicy(config: PoolSnapshot, tools: PolicyTools): Policy<Backend> {
  const hashOn = parseKeySource(config.hashOn);
  if (hashOn === undefined) throw new Error(`a checked configuration has hashOn: ${config.hashOn}`);
  const { hashBalanceFactor } = config;
  return createPolicy(config.policy, { ...tools, hashOn, hashBalanceFactor });
}

function wantsSamePolicy(before: PoolSnapshot, after: PoolSnapshot): boolean {
  return (
    before.policy === after.policy &&
    before.hashOn === after.hashOn &&
    before.hashBalanceFactor === after.hashBalanceFactor
  );
}
