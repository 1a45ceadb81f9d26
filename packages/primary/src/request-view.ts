/**
 * Single requests, as workers know of them: what would become of one, what became of those that went wrong or were slow, and
 * those that end now.
 */
import type { ExplainRequest, PastRequestReply } from '@lb/shared/admin-api/explain';
import type { LogsReply } from '@lb/shared/admin-api/logs';
import type { Config } from '@lb/shared/config/schema/root';
import type { LogFilter } from '@lb/shared/model/log-filter';
import type { AccessReader, ExplainOutcome } from './admin/context.ts';
import type { AccessStream } from './logs/access-stream.ts';
import { PastAccess } from './logs/past-access.ts';
import type { Questions } from './workers/questions.ts';
import type { Supervisor } from './workers/supervisor.ts';
import type { Worker } from './workers/worker.ts';

export interface RequestViewParts {
  readonly supervisor: Pick<Supervisor, 'workers'>;
  readonly questions: Questions;
  readonly accessStream: AccessStream;
  /** In force. */
  readonly config: () => Config;
}

export class RequestView {
  readonly #parts: RequestViewParts;
  readonly #past: PastAccess;

  constructor(parts: RequestViewParts) {
    this.#parts = parts;
    this.#past = new PastAccess({
      config: () => parts.config().log.access,
      pastRequests: () => this.pastRequests(),
    });
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

  /** The last requests that the filter lets pass. */
  pastLogs(last: number, filter: LogFilter): Promise<LogsReply> {
    return this.#past.last(last, filter);
  }

  /** Gives each request that ends from now on; returns what ends it. */
  watchLogs(filter: LogFilter, reader: AccessReader): () => void {
    return this.#parts.accessStream.watch(filter, reader);
  }

  #running(): readonly Worker[] {
    return this.#parts.supervisor.workers.filter(({ state }) => state !== 'starting');
  }
}
