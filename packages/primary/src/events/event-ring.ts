/** The last events, for whoever comes late, and those who are told of each new one. */
import type { EventReply } from '@lb/shared/admin-api/statistics';
import type { EventMark } from '../admin/context.ts';

/** Events kept. */
const EVENTS_KEPT = 1_000;

/** Entries of a list of facts that are kept: a reload of ten thousand changes is in the log. */
const LONGEST_LIST = 50;

/** Ids of an instance begin here for each millisecond of its start: it has fewer events than milliseconds, so they grow over restarts. */
const IDS_PER_MS = 1_000;

/** Gets each new event. */
export type EventWatcher = (event: EventReply) => void;

export class EventRing {
  readonly #wallMs: () => number;
  #events: EventReply[] = [];
  readonly #watchers = new Set<EventWatcher>();
  #lastId: number;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
    this.#lastId = wallMs() * IDS_PER_MS;
  }

  /** Keeps an event, and tells it. */
  add({ type, level, message, facts }: Omit<EventReply, 'id' | 'at'>): void {
    this.#lastId++;
    const at = new Date(this.#wallMs()).toISOString();
    const event = { id: this.#lastId, at, type, level, message, facts: brief(facts) };
    this.#events.push(event);
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
    for (const watch of this.#watchers) watch(event);
  }

  /** Those that are kept of them, the oldest first. */
  since(mark: EventMark): readonly EventReply[] {
    return this.#events.filter(({ id, at }) =>
      'afterId' in mark ? id > mark.afterId : Date.parse(at) >= mark.fromMs,
    );
  }

  /** Has each event told from now on; returns what ends it. */
  watch(watcher: EventWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

function brief(facts: EventReply['facts']): EventReply['facts'] {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [name, Array.isArray(fact) ? cut(fact) : fact]),
  );
}

function cut(list: readonly unknown[]): readonly unknown[] {
  if (list.length <= LONGEST_LIST) return list;
  return [...list.slice(0, LONGEST_LIST), `and ${list.length - LONGEST_LIST} more`];
}
