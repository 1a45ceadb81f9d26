/** Passive health by itself: what workers tell, what probes and operators say, and time that a test moves on. */
import { OutlierMonitor } from '@lb/primary/internal/outliers/outlier-monitor';
import type { EjectionChange, SparedEjection } from '@lb/primary/internal/outliers/outlier-monitor';
import { latencyBucket, type OutcomeRow, packRows } from '@lb/shared/ipc/outcomes';
import type { BackendState } from '@lb/shared/model/snapshot';
import { configOf } from './config-text.ts';
import { poolsUp } from './pools-up.ts';
import { Timeline } from './timeline.ts';

const NO_LATENCIES = new Uint32Array(0);

/** A monitor of one pool, its workers, and time. */
export class OutlierWorld {
  readonly time = new Timeline();
  readonly changes: EjectionChange[] = [];
  readonly spared: SparedEjection[] = [];
  /** What probes and operators say, by name; up by default. */
  readonly states = new Map<string, BackendState>();
  readonly monitor = new OutlierMonitor({
    clock: this.time,
    schedule: this.time.schedule,
    effectiveOf: (_, { name, slot, weight }) => {
      const state = this.states.get(name) ?? (this.monitor.isEjected(slot) ? 'ejected' : 'up');
      return { state, weight };
    },
    onChange: (change) => this.changes.push(change),
    onSuppressed: (spared) => this.spared.push(spared),
  });

  constructor(count: number, passiveHealth = '{}') {
    this.configure(count, passiveHealth);
  }

  /** Backends are called 0, 1, 2, like their slots. */
  configure(count: number, passiveHealth: string): void {
    const backends = Array.from(
      { length: count },
      (_, i) => `{ url: "http://a:${i + 1}", name: "${i}" }`,
    );
    const config = configOf(
      'listeners: [{ bind: "127.0.0.1:0" }]\n' +
        `pools: { web: { passiveHealth: ${passiveHealth}, backends: [${backends.join(', ')}] } }`,
    );
    this.monitor.update(poolsUp(config));
  }

  /** A worker tells of one backend. */
  tell(slot: number, seen: Partial<OutcomeRow>): void {
    const none = { answers: 0, errors: 0, streak: 0, hasRecovered: false, lastError: undefined };
    this.monitor.report({ rows: packRows([{ slot, ...none, ...seen }]), latencies: NO_LATENCIES });
  }

  /** A worker saw errors alone, after others that it told of before. */
  errors(slot: number, count: number): void {
    this.tell(slot, { errors: count, streak: count, lastError: '503' });
  }

  answers(slot: number, count: number): void {
    this.tell(slot, { answers: count, hasRecovered: true });
  }

  latencies(slot: number, ms: number, count: number): void {
    const latencies = Uint32Array.of(slot, latencyBucket(ms), count);
    this.monitor.report({ rows: packRows([]), latencies });
  }

  get ejected(): string[] {
    return ['0', '1', '2', '3'].filter((name) => this.monitor.isEjected(Number(name)));
  }
}
