/**
 * A pool in a worker: its backends, those of them that may get traffic, the policy that picks among these, and what keeps
 * sessions on their backends.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import type { Clock } from '@lb/shared/time/clock';
import type { PoolMetrics } from '../metrics/request-metrics.ts';
import { parseKeySource } from '../request/request-key.ts';
import type { Backend } from './backend.ts';
import type { PickContext, Policy, PolicyTools } from './policy.ts';
import { createPolicy } from './registry.ts';
import { SlowStart } from './slow-start.ts';
import { createSticky } from './sticky/registry.ts';
import type { Sticky } from './sticky/sticky.ts';

/** What a pool is made with. */
export interface PoolTools extends PolicyTools {
  readonly clock: Clock;
  /** Keys the values of sticky cookies. */
  readonly secret: string;
}

export class Pool {
  readonly name: string;
  readonly metrics: PoolMetrics;
  readonly #tools: PolicyTools;
  #secret: string;
  #config: PoolSnapshot;
  #backends: readonly Backend[];
  #policy: Policy<Backend>;
  #sticky: Sticky | undefined;
  readonly #slowStart: SlowStart;
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
    this.#tools = tools;
    this.#slowStart = new SlowStart(tools.clock, tools.random);
    this.#config = config;
    this.#backends = backends;
    this.#policy = newPolicy(config, tools);
    this.#secret = tools.secret;
    this.#sticky = this.#newSticky();
    this.#sticky?.update(backends);
    this.#refresh();
  }

  get config(): PoolSnapshot {
    return this.#config;
  }

  /** What keeps sessions on their backends; undefined where nothing does. */
  get sticky(): Sticky | undefined {
    return this.#sticky;
  }

  /** Takes over a new snapshot; the policy keeps its place when it is still the same one, stickiness what it knows. */
  apply(config: PoolSnapshot, backends: readonly Backend[], secret: string): void {
    const isSameSticky =
      secret === this.#secret && isDeepStrictEqual(config.sticky, this.#config.sticky);
    const isSamePolicy = wantsSamePolicy(this.#config, config);
    this.#config = config;
    this.#backends = backends;
    this.#secret = secret;
    if (!isSameSticky) this.#sticky = this.#newSticky();
    this.#sticky?.update(backends);
    if (!isSamePolicy) {
      this.#policy = newPolicy(config, this.#tools);
      this.#fingerprint = '';
    }
    this.#refresh();
  }

  /**
   * State or weight of a backend changed. The policy learns it at the next pick: ten thousand backends that come up one by one
   * must not be gone through ten thousand times.
   */
  changed(): void {
    this.#isStale = true;
  }

  /** A backend that was not tried yet; where there is no such, one that was; undefined when none may get traffic. */
  pick(context: PickContext): Backend | undefined {
    if (this.#isStale) this.#refresh();
    const slowStart = this.#slowStart;
    const fresh = slowStart.isOn
      ? slowStart.pick(this.#policy, context)
      : this.#policy.pick(context);
    if (fresh !== undefined || context.tried.length === 0) return fresh;
    return this.#policy.pick({ tried: [], hashKey: (source) => context.hashKey(source) });
  }

  #newSticky(): Sticky | undefined {
    const { sticky, name } = this.#config;
    return sticky === null ? undefined : createSticky(sticky, name, this.#secret);
  }

  /** Tells the policy who may get traffic. */
  #refresh(): void {
    this.#isStale = false;
    const candidates = availableBackends(this.#backends);
    this.#slowStart.update(candidates);
    const fingerprint = candidates.map(({ slot, weight }) => `${slot}*${weight}`).join();
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
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

/** Backup backends take part only when no other is left. */
function availableBackends(backends: readonly Backend[]): readonly Backend[] {
  const available = backends.filter((backend) => backend.isAvailable);
  const primary = available.filter((backend) => !backend.backup);
  return primary.length > 0 ? primary : available;
}
