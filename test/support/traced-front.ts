/** A worker that traces its requests, and the collector that gets their spans. */
import { type Collector, startCollector } from './trace-collector.ts';
import { type Harness, startWorker } from './worker-harness.ts';

export interface TracedFront extends AsyncDisposable {
  readonly port: number;
  readonly worker: Harness;
  /** Ends the worker, which sends what there is of spans, and returns what the collector has then. */
  collected(): Promise<Collector>;
}

/** @param yaml without `tracing` @param settings of `tracing`; all is sampled unless they say otherwise */
export async function startTraced(
  yaml: string,
  settings: object = {},
  collector?: Collector,
): Promise<TracedFront> {
  const taker = collector ?? (await startCollector());
  const tracing = { otlp: taker.url, sample: 1, ...settings };
  const worker = await startWorker(`${yaml}\ntracing: ${JSON.stringify(tracing)}\n`);
  let isOver = false;
  const stop = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await worker[Symbol.asyncDispose]();
  };
  return {
    port: worker.port,
    worker,
    async collected() {
      await stop();
      return taker;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await taker[Symbol.asyncDispose]();
    },
  };
}
