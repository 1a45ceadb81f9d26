/** Single requests, as workers know of them: what would become of one, and what became of those that went wrong or were slow. */
import type { ExplainRequest, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { ExplainOutcome } from './admin/context.ts';
import type { Questions } from './workers/questions.ts';
import type { Worker } from './workers/worker.ts';

export interface RequestViewParts {
  readonly workers: () => readonly Worker[];
  readonly questions: Questions;
}

export class RequestView {
  readonly #parts: RequestViewParts;

  constructor(parts: RequestViewParts) {
    this.#parts = parts;
  }

  /** By the first worker that answers. */
  async explain(request: ExplainRequest): Promise<ExplainOutcome> {
    for (const { id } of this.#running()) {
      const answer = await this.#parts.questions.ask(id, { kind: 'explain', request });
      if (answer?.kind === 'explained') return { ok: true, reply: answer.reply };
      if (answer?.kind === 'senseless') return { ok: false, status: 400, message: answer.message };
    }
    return { ok: false, status: 503, message: 'no worker answers' };
  }

  /** Of all workers, the newest first. */
  async pastRequests(): Promise<readonly PastRequestReply[]> {
    const { questions } = this.#parts;
    const answers = await Promise.all(
      this.#running().map(({ id }) => questions.ask(id, { kind: 'requests' })),
    );
    return answers
      .flatMap((answer) => (answer?.kind === 'requests' ? answer.requests : []))
      .toSorted((a, b) => (a.at < b.at ? 1 : -1));
  }

  #running(): readonly Worker[] {
    return this.#parts.workers().filter(({ state }) => state !== 'starting');
  }
}
