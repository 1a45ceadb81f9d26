/** Questions to workers, and their answers. A worker that does not answer in time, or dies, is as good as one that knows nothing. */
import type { ToWorker } from '@lb/shared/ipc/messages';
import type { Answer, Question } from '@lb/shared/ipc/questions';

/** A worker whose event loop stands still is somebody else's business. */
const ANSWER_MS = 2_000;

export interface QuestionsOptions {
  /** False when there is no such worker. */
  readonly send: (workerId: number, message: ToWorker) => boolean;
}

interface Open {
  readonly workerId: number;
  readonly settle: (answer: Answer | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #open = new Map<number, Open>();
  #lastId = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Undefined when no answer comes. */
  ask(workerId: number, question: Question): Promise<Answer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
    const id = ++this.#lastId;
    const timer = setTimeout(() => this.told(id, undefined), ANSWER_MS);
    this.#open.set(id, { workerId, settle: resolve, timer });
    const isSent = this.#options.send(workerId, { lb: 1, type: 'ask', id, question });
    if (!isSent) this.told(id, undefined);
    return promise;
  }

  /** An answer came; one that nobody waits for any more is let go. */
  told(id: number, answer: Answer | undefined): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    clearTimeout(open.timer);
    this.#open.delete(id);
    open.settle(answer);
  }

  /** A worker is gone. */
  remove(workerId: number): void {
    for (const [id, open] of this.#open) if (open.workerId === workerId) this.told(id, undefined);
  }

  /** Nobody waits any more. */
  close(): void {
    for (const id of this.#open.keys()) this.told(id, undefined);
  }
}
