/**
 * Sessions of people who gave the token on the login page. Security code: the cookie holds a random number and never the token,
 * no script can read it (HttpOnly), no other site can make a browser send it (SameSite=Strict), and it goes to the API alone.
 * They end with the process.
 * @see OWASP Session Management Cheat Sheet; RFC 6265 section 8.5: cookies do not tell ports apart, hence the name
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@lb/shared/time/clock';

/** A working day; then the token is asked for again. */
const SESSION_MS = 12 * 60 * 60 * 1_000;
/** The oldest one ends when there are more. */
const MAX_SESSIONS = 1_000;
const ID_BYTES = 32;
const SCOPE = 'Path=/api/; HttpOnly; SameSite=Strict';

/** Owns the sessions of one listener. */
export class Sessions {
  readonly #clock: Clock;
  /** A name of its own, for two instances on one host share what browsers keep for that host. */
  readonly #cookieName = `lbctl_${randomBytes(4).toString('hex')}`;
  /** When each ends, by the digest of its id: looking one up tells nothing about another by its time. Oldest first. */
  readonly #endMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a session. @returns the value of Set-Cookie */
  open(): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const [oldest] = this.#endMs.keys();
    if (this.#endMs.size >= MAX_SESSIONS && oldest !== undefined) this.#endMs.delete(oldest);
    this.#endMs.set(digest(id), this.#clock.monotonicMs() + SESSION_MS);
    return `${this.#cookieName}=${id}; Max-Age=${SESSION_MS / 1_000}; ${SCOPE}`;
  }

  /** Whether a Cookie header names a session that has not ended. */
  isOpen(cookies: string | undefined): boolean {
    const key = this.#keyIn(cookies);
    const endMs = key === undefined ? undefined : this.#endMs.get(key);
    return endMs !== undefined && this.#clock.monotonicMs() < endMs;
  }

  /** Ends the session that a Cookie header names, if any. @returns the value of Set-Cookie that forgets it */
  close(cookies: string | undefined): string {
    const key = this.#keyIn(cookies);
    if (key !== undefined) this.#endMs.delete(key);
    return `${this.#cookieName}=; Max-Age=0; ${SCOPE}`;
  }

  #keyIn(cookies: string | undefined): string | undefined {
    const start = `${this.#cookieName}=`;
    const cookie = cookies
      ?.split(';')
      .map((each) => each.trim())
      .find((each) => each.startsWith(start));
    return cookie === undefined ? undefined : digest(cookie.slice(start.length));
  }
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
