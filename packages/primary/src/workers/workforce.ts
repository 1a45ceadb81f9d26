/**
 * The parts that deal with the workers, tied together:
 *
 *     worker ── messages ──▶ receiver ──▶ load, limiting, dealer, and those who want to know
 *     worker ◀── supervisor ◀── load, limiting, dealer, publisher
 */
import type { Logger } from '@lb/shared/logging/logger';
import type { Clock } from '@lb/shared/time/clock';
import { WorkerCaches } from '../caches/worker-caches.ts';
import type { Chronicle } from '../events/chronicle.ts';
import type { Conditions } from '../health/conditions.ts';
import { Limiting } from '../limits/limiting.ts';
import { Dealer } from '../listeners/dealer.ts';
import type { ListenerSet } from '../listeners/listener-set.ts';
import { AccessStream } from '../logs/access-stream.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import type { Overriding } from '../overrides/overriding.ts';
import type { SnapshotPublisher } from '../snapshot/publisher.ts';
import type { Sharing } from '../store/sharing.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { LoadExchange } from './load-exchange.ts';
import { Questions } from './questions.ts';
import { receiver } from './receiver.ts';
import { Supervisor } from './supervisor.ts';
import type { ForkWorker } from './worker-process.ts';

export interface WorkforceOptions {
  readonly fork: ForkWorker;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The other parts. The publisher is asked for when it is needed, because it needs this one. */
export interface WorkforceNeighbours {
  readonly publisher: () => SnapshotPublisher;
  readonly chronicle: Chronicle;
  readonly overriding: Overriding;
  readonly conditions: Conditions;
  readonly listeners: ListenerSet;
  readonly sharing: Sharing;
  readonly metrics: MetricsAggregate;
  readonly traffic: Traffic;
  /** A worker has seen a request that changed what is stored under these keys of a cache. */
  readonly invalidated: (cache: string, keys: readonly string[]) => void;
}

export interface Workforce {
  readonly load: LoadExchange;
  readonly limiting: Limiting;
  readonly dealer: Dealer;
  readonly workerCaches: WorkerCaches;
  readonly supervisor: Supervisor;
  readonly questions: Questions;
  readonly accessStream: AccessStream;
}

/** Builds them. Nothing is forked here. */
export function buildWorkforce(
  { fork, clock, log }: WorkforceOptions,
  neighbours: WorkforceNeighbours,
): Workforce {
  const { publisher, chronicle, overriding, conditions, listeners, sharing, metrics, traffic } =
    neighbours;
  const { health, outliers } = conditions;
  const load = new LoadExchange({
    recipients: () => supervisor.workers.map(({ id }) => id),
    send: (id, message, sent) => supervisor.send(id, message, undefined, sent),
  });
  const limiting = new Limiting({
    clock,
    workerCount: () => supervisor.workers.length,
    send: (id, message) => supervisor.send(id, message),
    onBreaker: (change) => {
      publisher().changed([change.slot]);
      chronicle.breakerChanged(change);
    },
  });
  const dealer = new Dealer({
    recipients: (listener) => acceptors(supervisor, listener),
    send: (id, message, handle) => supervisor.send(id, message, handle),
    log,
  });
  const questions = new Questions({ send: (id, message) => supervisor.send(id, message) });
  const accessStream = new AccessStream({
    workers: () => supervisor.workers.map(({ id }) => id),
    send: (id, message) => supervisor.send(id, message),
  });
  const workerCaches = new WorkerCaches({
    questions,
    workers: () => supervisor.workers,
    broadcast: (message) => supervisor.broadcast(message),
  });
  const receive = receiver({
    answer: ({ id }, message) => supervisor.send(id, message),
    invalidated: neighbours.invalidated,
    tellOthers: (worker, message) => {
      for (const { id } of supervisor.workers) if (id !== worker.id) supervisor.send(id, message);
    },
    drains: overriding.drains,
    chronicle,
    limiting,
    questions,
    accessStream,
    sharing,
    metrics,
    traffic,
    load,
    health,
    outliers,
    dealer,
  });
  const supervisor: Supervisor = new Supervisor({
    fork,
    clock,
    log,
    snapshot: () => publisher().current,
    listeners: () => listeners.listeners,
    onMessage: receive,
    onChange: () => {
      chronicle.workersChanged(supervisor.workers);
      dealer.deal();
      accessStream.workersChanged();
    },
    onDied: (death) => chronicle.workerDied(death),
    onGone: ({ id }) => {
      metrics.removeWorker(id);
      traffic.removeWorker(id);
      load.remove(id);
      limiting.remove(id);
      overriding.drains.check();
      dealer.remove(id);
      questions.remove(id);
      accessStream.remove(id);
      sharing.remove(id);
    },
  });
  return { load, limiting, dealer, supervisor, questions, accessStream, workerCaches };
}

/** Workers that may be handed connections of a listener. */
function acceptors({ workers }: Supervisor, listener: string): number[] {
  return workers
    .filter(({ state, listening }) => state !== 'draining' && listening.has(listener))
    .map(({ id }) => id);
}
