/**
 * The token of a listener, and what it opens: a bearer token for programs, a session for people. Security code: tokens are
 * compared by digest, so that no time tells how much of one was right (CWE-208, RFC 6750), and guessing is slow.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@lb/shared/time/clock';
import { Guesses } from './guesses.ts';
import { refusal, type Reply } from './reply.ts';
import { Sessions } from './sessions.ts';

/** One for each TCP listener. */
export class Door {
  readonly #token: string | null;
  readonly #sessions: Sessions;
  readonly #guesses: Guesses;

  /** @param token null lets everybody in */
  constructor(token: string | null, clock: Clock) {
    this.#token = token;
    this.#sessions = new Sessions(clock);
    this.#guesses = new Guesses(clock);
  }

  /** Whether a token is asked for. */
  get isLocked(): boolean {
    return this.#token !== null;
  }

  /** The refusal of somebody who has neither the token nor a session, or undefined. */
  refuse({ method, headers, socket }: IncomingMessage): Reply | undefined {
    if (this.#token === null) return undefined;
    const { authorization, cookie, origin } = headers;
    // A browser names its origin with every change. What does not is no page of ours, whatever cookie it sends (CWE-352).
    const mayUseSession = method === 'GET' || method === 'HEAD' || origin !== undefined;
    if (mayUseSession && this.#sessions.isOpen(cookie)) return undefined;
    if (authorization === undefined) return UNKNOWN;
    const given = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    return this.#judge(given, socket.remoteAddress, UNKNOWN);
  }

  /** Begins a session for whoever gives the token: the value of Set-Cookie, or why not. Null when none is needed. */
  login(token: string, address: string): string | Reply | null {
    if (this.#token === null) return null;
    return this.#judge(token, address, WRONG) ?? this.#sessions.open();
  }

  /** Ends the session of a Cookie header. @returns the value of Set-Cookie */
  logout(cookies: string | undefined): string {
    return this.#sessions.close(cookies);
  }

  #judge(given: string | undefined, address = '', wrong: Reply): Reply | undefined {
    const seconds = this.#guesses.secondsLeft(address);
    if (seconds > 0)
      return refusal(429, `too many wrong tokens; try again in ${seconds} s`, {
        'Retry-After': String(seconds),
      });
    if (given !== undefined && this.#token !== null && isSame(given, this.#token)) return undefined;
    this.#guesses.count(address);
    return wrong;
  }
}

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="lbctl"' };
const UNKNOWN: Reply = refusal(401, 'a bearer token is required', CHALLENGE);
const WRONG: Reply = refusal(401, 'this is not the token', CHALLENGE);

function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
