/** Why Redis did not do it, in words that name the setting and say what to do. */
import { tlsFailureOf } from '../../net/tls-failure.ts';
import { StoreError } from '../store.ts';

/** What Redis answers that it will not do, by the first word of its answer. */
const REFUSALS: Readonly<Record<string, string>> = {
  NOAUTH: 'Redis wants a password: set store.password, or put it into store.url',
  WRONGPASS: 'Redis knows no such user and password: check store.username and store.password',
  NOPERM: 'the user of store.username may not do this: see docs/redis.md for what it needs',
  READONLY: 'Redis is a replica that can only be read: store.url must lead to the master',
  LOADING: 'Redis is still loading its data: wait',
  OOM: 'Redis is out of memory: raise its maxmemory, or set maxmemory-policy volatile-ttl',
  MISCONF: 'Redis cannot save to its disk and takes no writes: see its log',
  NOREPLICAS: 'Redis takes no writes without its replicas (min-replicas-to-write)',
  MASTERDOWN: 'Redis is a replica that lost its master: store.url must lead to the master',
  BUSY: 'Redis is busy with the script of somebody else',
  DENIED: 'Redis is in protected mode: give it a password, and set store.password',
  CLUSTERDOWN: 'the Redis Cluster is not complete: see CLUSTER INFO',
  MOVED: 'Redis is part of a Cluster: set store.cluster in place of store.url',
  ASK: 'Redis is part of a Cluster: set store.cluster in place of store.url',
};

/** The same, where Redis has no word of its own for it. */
const REFUSAL_TEXTS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/DB index is out of range/, 'Redis has no database of this number: check the end of store.url'],
  [/max number of clients/, 'Redis takes no more connections: raise its maxclients'],
  [/cluster support disabled/, 'Redis is no Cluster: set store.url in place of store.cluster'],
  [
    /sentinel.*(NOAUTH|WRONGPASS)/i,
    'the Sentinels want a password, or another one: check store.sentinelPassword',
  ],
  [
    /No such master|invalid reply: null/,
    'the Sentinels know no master of this name: check store.name',
  ],
];

/** Also within the sentence that older servers make of the error of a script. */
const CODE = /\b[A-Z]{3,}\b/g;
const DAMAGED = /DAMAGED (\S+)|WRONGTYPE/;

/** True for an answer of Redis that is an error. */
export function isReply(error: unknown): error is Error {
  return (error as { name?: unknown } | undefined)?.name === 'ReplyError';
}

/** What an answer of Redis that is an error means. @param keys that the command was about */
export function replyFailure(error: Error, keys: readonly string[] = []): StoreError {
  const damaged = DAMAGED.exec(error.message);
  if (damaged !== null) {
    const key = damaged[1] ?? keys.join(' ');
    return new StoreError(
      'damaged',
      `what Redis has under ${key} is not ours: delete it, or set another store.prefix`,
    );
  }
  return new StoreError('refused', refusalText(error.message));
}

/**
 * What an error of the connection means.
 * @param where the setting that says where Redis is
 */
export function connectionFailure(error: Error, where: string): StoreError {
  if (isReply(error)) return replyFailure(error);
  const tls = tlsFailureOf(error, 'store.tls', 'Redis');
  if (tls !== undefined) return new StoreError('unreachable', `${where}: ${tls.text}`);
  const last = causeOf(error);
  const known = knownText(last.message);
  if (known !== undefined) return new StoreError('refused', known);
  // The errors of several addresses of one name have a code, and no text.
  const said = last.message === '' ? String((last as { code?: unknown }).code) : last.message;
  const text = said.replace(/^All sentinels are unreachable.*Last error:/, 'no Sentinel answers:');
  return new StoreError('unreachable', `no connection to Redis (${where}): ${text}`);
}

/** A Cluster keeps the error of its last node apart. */
function causeOf(error: Error): Error {
  return (error as { lastNodeError?: Error }).lastNodeError ?? error;
}

function refusalText(message: string): string {
  // Older servers repeat the arguments of a command that they do not know; one of them may be the password.
  const text = message.replace(/,? with args beginning with:.*$/s, '');
  return knownText(text) ?? `Redis refused: ${text}`;
}

function knownText(message: string): string | undefined {
  const text = REFUSAL_TEXTS.find(([pattern]) => pattern.test(message))?.[1];
  if (text !== undefined) return text;
  const code = message.match(CODE)?.find((word) => Object.hasOwn(REFUSALS, word));
  return code === undefined ? undefined : REFUSALS[code];
}
