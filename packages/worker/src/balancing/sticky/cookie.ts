/**
 * Sessions by a cookie of the balancer's own, without anything to remember: its value says which backend, to whoever has the
 * secret. Security code: a value is never an address, and one that was made up names no backend (HMAC, RFC 2104), so a
 * client cannot choose its backend nor learn how they are named.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { StickyConfig } from '@lb/shared/config/schema/root';
import { clientScheme } from '../../request/client-scheme.ts';
import { readCookie } from '../../request/cookie.ts';
import type { Exchange } from '../../request/exchange.ts';
import type { KeyedRequest, KeySource } from '../../request/request-key.ts';
import type { Backend } from '../backend.ts';
import type { Pool } from '../pool.ts';
import { isUsable, type Sticky, type Visit } from './sticky.ts';

type CookieConfig = Extract<StickyConfig, { mode: 'cookie' }>;

/** Of the 43 that SHA-256 makes: nobody guesses 132 bits. */
const VALUE_LENGTH = 22;

export class CookieSticky implements Sticky {
  readonly keySource: KeySource = { kind: 'client_ip' };
  readonly #config: CookieConfig;
  readonly #pool: string;
  readonly #secret: KeyObject;
  readonly #name: string;
  readonly #attributes: string;
  #byValue = new Map<string, Backend>();
  /** By the backend's name: what is known is not computed again, a reload may bring thousands. */
  #values = new Map<string, string>();

  constructor(config: CookieConfig, pool: string, secret: string) {
    this.#config = config;
    this.#pool = pool;
    this.#secret = createSecretKey(secret, 'utf8');
    // A pool's name may have colons, the name of a cookie may not.
    this.#name = config.cookie ?? `lb_${pool.replaceAll(':', '_')}`;
    this.#attributes = attributesOf(config);
  }

  update(backends: readonly Backend[]): void {
    const values = new Map<string, string>();
    const byValue = new Map<string, Backend>();
    for (const backend of backends) {
      const { name } = backend;
      const value = this.#values.get(name) ?? cookieValue(this.#secret, this.#pool, name);
      values.set(name, value);
      byValue.set(value, backend);
    }
    this.#values = values;
    this.#byValue = byValue;
  }

  /** Whose cookie the request has, if it is a valid one. */
  boundOf(request: KeyedRequest): Backend | undefined {
    const value = readCookie(request.header('cookie'), this.#name);
    return value === undefined ? undefined : this.#byValue.get(value);
  }

  owns(request: KeyedRequest): boolean {
    return this.boundOf(request) !== undefined;
  }

  visit(exchange: Exchange, pool: Pool): Visit {
    return new CookieVisit({ sticky: this, exchange, pool, bound: this.boundOf(exchange) });
  }

  /** The field line that binds a client to this backend. */
  setCookieLine({ name }: Backend, exchange: Exchange): string {
    const { secure } = this.#config;
    const isSecure = secure === 'auto' ? clientScheme(exchange) === 'https' : secure;
    const value = this.#values.get(name) ?? cookieValue(this.#secret, this.#pool, name);
    return `Set-Cookie: ${this.#name}=${value}${this.#attributes}${isSecure ? '; Secure' : ''}\r\n`;
  }
}

interface CookieVisitSetup {
  readonly sticky: CookieSticky;
  readonly exchange: Exchange;
  readonly pool: Pool;
  /** Whose cookie the request has, if it is a valid one. */
  readonly bound: Backend | undefined;
}

class CookieVisit implements Visit {
  readonly #setup: CookieVisitSetup;

  constructor(setup: CookieVisitSetup) {
    this.#setup = setup;
  }

  choose(): Backend | undefined {
    const { bound, exchange, pool } = this.#setup;
    return bound !== undefined && isUsable(bound, exchange) ? bound : pool.pick(exchange);
  }

  answered(backend: Backend): undefined {
    const { sticky, bound, exchange, pool } = this.#setup;
    if (backend === bound) {
      pool.metrics.sticky('hit');
      return;
    }
    pool.metrics.sticky(bound === undefined ? 'new' : 'rebound');
    exchange.answerLines += sticky.setCookieLine(backend, exchange);
  }

  /** A session that had no backend begins with the one that answered. */
  answeredAside(backend: Backend): undefined {
    if (this.#setup.bound === undefined) this.answered(backend);
  }
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/** What follows the value, but for Secure. @see RFC 6265 section 4.1.2 */
function attributesOf({ path, domain, ttl, sameSite }: CookieConfig): string {
  const seconds = Math.ceil(ttl / 1_000);
  return (
    `; Path=${path}` +
    (domain === null ? '' : `; Domain=${domain}`) +
    (ttl === 0 ? '' : `; Max-Age=${seconds}`) +
    `; HttpOnly; SameSite=${SAME_SITE[sameSite]}`
  );
}

/** What stands for a backend in the cookie of a pool. */
function cookieValue(secret: KeyObject, pool: string, backend: string): string {
  const mac = createHmac('sha256', secret).update(`${pool}\0${backend}`).digest('base64url');
  return mac.slice(0, VALUE_LENGTH);
}
