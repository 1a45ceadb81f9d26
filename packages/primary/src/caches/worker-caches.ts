/** The caches of all workers of this instance. A worker that starts meanwhile, or dies, has nothing to purge. */
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Purge } from '@lb/shared/model/purge';
import type { Questions } from '../workers/questions.ts';
import type { Worker } from '../workers/worker.ts';

export interface WorkerCachesOptions {
  readonly questions: Questions;
  readonly workers: () => readonly Worker[];
  readonly broadcast: (message: ToWorker) => void;
}

/** What came of a purge, over all workers. */
export interface WorkersPurged {
  /** So many answers were thrown out. */
  readonly count: number;
  /** So many there are, by cache. */
  readonly stored: ReadonlyMap<string, number>;
  /** Workers that live and did not answer in time, as people are told of them. */
  readonly silent: readonly string[];
}

export class WorkerCaches {
  readonly #options: WorkerCachesOptions;

  constructor(options: WorkerCachesOptions) {
    this.#options = options;
  }

  /** Resolves when every worker has purged. @param purges none to hear only what there is */
  async purge(purges: readonly (Purge | 'everything')[]): Promise<WorkersPurged> {
    const { questions, workers } = this.#options;
    const stored = new Map<string, number>();
    const silent: string[] = [];
    let count = 0;
    const ask = async ({ id, slot }: Worker): Promise<void> => {
      const answer = await questions.ask(id, { kind: 'purge', purges });
      if (answer?.kind === 'purged') {
        count += answer.count;
        for (const [cache, more] of Object.entries(answer.stored))
          stored.set(cache, (stored.get(cache) ?? 0) + more);
      } else if (workers().some((worker) => worker.id === id && worker.state !== 'starting')) {
        silent.push(`worker ${slot}`);
      }
    };
    await Promise.all(workers().map(ask));
    return { count, stored, silent };
  }

  /** Has every worker forget what a request at another instance has changed. */
  forget(cache: string, keys: readonly string[]): void {
    this.#options.broadcast({ lb: 1, type: 'purge', cache, keys });
  }
}
