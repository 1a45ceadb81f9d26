/** Which backend a session belongs to, in memory: those that were not used for longest are forgotten when there are too many. */
import { Generations } from './generations.ts';
import type { Session } from './store.ts';

/** About 20 MB. */
const MOST_SESSIONS = 100_000;

interface Entry {
  readonly backend: string;
  readonly untilMs: number;
}

export class MemorySessions {
  readonly #nowMs: () => number;
  readonly #entries: Generations<Entry>;

  /** @param nowMs a clock that never goes back */
  constructor(nowMs: () => number, most: number = MOST_SESSIONS) {
    this.#nowMs = nowMs;
    this.#entries = new Generations(most);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** As `Store.bind`, at once. */
  bind(session: Session, proposed: string, ttlMs: number, gone?: string): string {
    const bound = this.#backendOf(keyOf(session));
    const backend = bound === undefined || bound === gone ? proposed : bound;
    this.remember(session, backend, ttlMs);
    return backend;
  }

  /** As `Store.find`, at once. */
  find(session: Session, ttlMs: number): string | undefined {
    const backend = this.#backendOf(keyOf(session));
    if (backend !== undefined) this.remember(session, backend, ttlMs);
    return backend;
  }

  /** As `Store.remember`, at once. */
  remember(session: Session, backend: string, ttlMs: number): void {
    this.#entries.set(keyOf(session), { backend, untilMs: this.#nowMs() + ttlMs });
  }

  #backendOf(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.untilMs > this.#nowMs()) return entry.backend;
    this.#entries.delete(key);
    return undefined;
  }
}

/** Neither has a space in it. */
function keyOf({ pool, key }: Session): string {
  return `${pool} ${key}`;
}
