/** What workers say, and which part of the instance hears it. */
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Chronicle } from '../events/chronicle.ts';
import type { HealthMonitor } from '../health/health-monitor.ts';
import type { Dealer } from '../listeners/dealer.ts';
import type { MetricsAggregate } from '../metrics/aggregate.ts';
import type { Limiting } from '../limits/limiting.ts';
import type { OutlierMonitor } from '../outliers/outlier-monitor.ts';
import type { DrainWatch } from '../overrides/drain-watch.ts';
import type { Sharing } from '../store/sharing.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { AccessStream } from '../logs/access-stream.ts';
import type { LoadExchange } from './load-exchange.ts';
import type { Questions } from './questions.ts';
import type { PassedOn, Worker } from './worker.ts';

export interface Receivers {
  readonly sharing: Sharing;
  readonly metrics: MetricsAggregate;
  readonly traffic: Traffic;
  readonly load: LoadExchange;
  readonly health: HealthMonitor;
  readonly outliers: OutlierMonitor;
  readonly dealer: Dealer;
  readonly drains: DrainWatch;
  readonly chronicle: Chronicle;
  readonly limiting: Limiting;
  readonly questions: Questions;
  readonly accessStream: AccessStream;
  /** Sends an answer. */
  readonly answer: (worker: Worker, message: ToWorker) => void;
  /** Passes something on to all other workers. */
  readonly tellOthers: (worker: Worker, message: ToWorker) => void;
  /** A request has changed what is stored under these keys of a cache. */
  readonly invalidated: (cache: string, keys: readonly string[]) => void;
}

/** Hands each message to the one that it is for. */
export function receiver({
  sharing,
  metrics,
  traffic,
  load,
  health,
  outliers,
  dealer,
  drains,
  chronicle,
  limiting,
  questions,
  accessStream,
  answer,
  tellOthers,
  invalidated,
}: Receivers): (worker: Worker, message: PassedOn) => void {
  return (worker, message) => {
    switch (message.type) {
      case 'metrics':
        metrics.applyDelta(worker.id, message);
        return;
      case 'traffic':
        traffic.apply(worker.id, message);
        return;
      case 'load':
        load.report(worker.id, message);
        drains.check();
        return;
      case 'outcomes':
        outliers.report(message);
        return;
      case 'permits':
      case 'tries':
        limiting.receive(worker.id, message);
        return;
      case 'backend-failed':
        health.reportFailure(message.slot, message.reason);
        return;
      case 'store':
        void sharing.execute(message.calls).then((results) => {
          answer(worker, { lb: 1, type: 'stored', id: message.id, results });
        });
        return;
      case 'store-changed':
        sharing.reported(worker.id, message.reason);
        return;
      case 'answered':
        dealer.answered(message.id, message.isTaken);
        return;
      case 'purge':
        tellOthers(worker, message);
        invalidated(message.cache, message.keys);
        return;
      case 'overload':
        chronicle.shedding(worker.slot, message.isShedding, message.delayMs);
        return;
      case 'told':
        questions.told(message.id, message.answer);
        return;
      case 'access':
        accessStream.receive(message.records, message.missed);
        return;
    }
  };
}
