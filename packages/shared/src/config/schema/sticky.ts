/** `pools.*.sticky`: how the requests of a session keep to one backend. */
import { isIP } from 'node:net';
import * as z from 'zod';
import { duration, hostName, positiveDuration } from './scalars.ts';

const COOKIE_HINT = 'expected a cookie name: letters, digits, "-" and "_", no spaces';
const KEY_HINT = 'expected cookie:NAME, header:NAME or client_ip';
const PATH_HINT = 'expected a path such as "/", without ";"';
const DOMAIN_HINT = 'expected a domain such as "example.com"';

/** A token by RFC 6265 section 4.1.1. */
const cookieName = z.string(COOKIE_HINT).regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/, COOKIE_HINT);

const sessionTtl = positiveDuration
  .default(3_600_000)
  .describe('A session is forgotten when no request of it came for this long.');

const cookie = z
  .strictObject({
    mode: z.literal('cookie').describe('The balancer gives its clients a cookie of its own.'),
    cookie: cookieName
      .nullable()
      .default(null)
      .describe('Name of the cookie. Default: lb_<pool>, with "_" for each ":".'),
    ttl: duration
      .default(3_600_000)
      .describe('How long browsers keep the cookie. 0s = until they are closed.'),
    secure: z
      .union([z.literal('auto'), z.boolean()], 'expected auto, true or false')
      .default('auto')
      .describe('Secure, so that it is sent over https alone. auto = where the client used https.'),
    sameSite: z
      .enum(['lax', 'strict', 'none'])
      .default('lax')
      .describe('SameSite: whether requests from other sites carry it. none needs https.'),
    domain: z
      .string(DOMAIN_HINT)
      .refine((text) => hostName.test(text) && isIP(text) === 0, DOMAIN_HINT)
      .nullable()
      .default(null)
      .describe('Domain whose hosts all get the cookie. Default: the one host that set it.'),
    path: z
      .string(PATH_HINT)
      .regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, PATH_HINT)
      .default('/')
      .describe('Path that the cookie is sent below.'),
  })
  .superRefine((given, context) => {
    for (const { key, message } of brokenRules(given)) {
      context.addIssue({ code: 'custom', path: [key], message });
    }
  });

const table = z.strictObject({
  mode: z.literal('table').describe('A table in the store says which backend a session has.'),
  key: z
    .string(KEY_HINT)
    .regex(/^(client_ip|(cookie|header):[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128})$/, KEY_HINT)
    .describe('What tells sessions apart: cookie:NAME, header:NAME or client_ip.'),
  ttl: sessionTtl,
});

const learn = z.strictObject({
  mode: z.literal('learn').describe('Same, learnt from the cookie that the backend sets itself.'),
  cookie: cookieName.describe('Name of the cookie.'),
  ttl: sessionTtl,
});

/** Which of three ways, if any. */
export const sticky = z.discriminatedUnion('mode', [cookie, table, learn]);

interface Rule {
  /** One that is written in the file. */
  readonly key: 'cookie' | 'sameSite' | 'domain' | 'path';
  readonly message: string;
}

/** What browsers would throw away. @see RFC 6265bis sections 4.1.3 and 5.7 */
function* brokenRules({
  cookie: named,
  secure,
  sameSite,
  domain,
  path,
}: Pick<
  z.output<typeof cookie>,
  'cookie' | 'secure' | 'sameSite' | 'domain' | 'path'
>): Generator<Rule> {
  if (sameSite === 'none' && secure === false) {
    const message = 'browsers refuse a cookie of sameSite "none" that is not secure';
    yield { key: 'sameSite', message };
  }
  const prefix = /^__(host|secure)-/i.exec(named ?? '')?.[0];
  if (prefix === undefined) return;
  if (secure !== true) {
    yield { key: 'cookie', message: `a cookie named ${prefix}... needs "secure: true"` };
  }
  if (prefix.toLowerCase() !== '__host-') return;
  if (domain !== null) {
    yield { key: 'domain', message: `a cookie named ${prefix}... has no domain` };
  }
  if (path !== '/') {
    yield { key: 'path', message: `a cookie named ${prefix}... has the path "/"` };
  }
}
