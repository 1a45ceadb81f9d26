/**
 * Makes the client of ioredis that the settings ask for: one server, the master that Sentinels watch, or a Cluster.
 *
 * What all of them have in common: a command goes out at once or fails at once. None waits for a connection, none is sent a
 * second time, and whoever asked is told when the connection breaks. Connections are opened anew for ever.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type * as ioredis from 'ioredis';
import type { Cluster, Redis } from 'ioredis';
import type { BackendTlsSettings } from '../../model/backend-tls.ts';
import type { ClientContexts } from '../../net/client-tls.ts';
import { nodeTls } from '../../net/node-modules.ts';
import type { Random } from '../../time/clock.ts';
import { type RedisAddress, parseRedisAddress, parseRedisUrl } from '../redis-url.ts';
import { redisLibrary } from './library.ts';
import type { RedisSettings } from './redis-settings.ts';

/** Enough for a TCP and a TLS handshake nearby; two Sentinels that are gone are passed before the store gives a client up. */
const CONNECT_MS = 500;

/** Until a connection that is given up is destroyed: its peer may never say that it closes. */
const DISCONNECT_MS = 100;

const RECONNECT_MS = 200;

/** Between attempts to hear from a Sentinel that is gone of a new master. */
const SENTINEL_RECONNECT_MS = 1_000;

/** A slot that moves, or a node that was just lost: asked again after this time, this often. */
const CLUSTER_RETRY_MS = 10;
const CLUSTER_RETRIES = 3;

/** Their replies look as they always did, whatever the protocol: this is how ioredis wants it said in types. */
type Replies = { readonly replyMapping?: 'legacy' };
type RedisOptions = ioredis.RedisOptions & Replies;
type ClusterOptions = ioredis.ClusterOptions & { readonly redisOptions: RedisOptions };

/** What a client is made with. */
export interface Means {
  readonly random: Random;
  readonly contexts: ClientContexts;
}

export function openClient(settings: RedisSettings, means: Means): Redis | Cluster {
  const library = redisLibrary();
  if (settings.cluster !== undefined) {
    const nodes = addresses(settings.cluster);
    return new library.Cluster(nodes, clusterOptions(settings, means));
  }
  if (settings.sentinels !== undefined) {
    return new library.Redis(sentinelOptions(settings, settings.sentinels, means));
  }
  return new library.Redis(serverOptions(settings, means));
}

/** What holds for every connection to a server with data. */
function commonOptions(random: Random): RedisOptions {
  return {
    connectionName: 'lbctl',
    // Servers before 7.2 count an error for each.
    disableClientInfo: true,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: DISCONNECT_MS,
    // Not all workers of all instances at once.
    retryStrategy: () => RECONNECT_MS * (0.75 + random() / 2),
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxLoadingRetryTime: RECONNECT_MS,
    // The master is somewhere else now: behind the same name, or the same Sentinels.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  };
}

function serverOptions(settings: RedisSettings, { random, contexts }: Means): RedisOptions {
  const url = parseRedisUrl(settings.url);
  if (url === undefined) throw new Error('store.url: not checked');
  const isTls = url.isTls || (settings.useTls && url.kind === 'tcp');
  return {
    ...commonOptions(random),
    ...credentials(url.username ?? settings.username, url.password ?? settings.password),
    ...(url.kind === 'unix' ? { path: url.path } : { host: url.host, port: url.port }),
    ...(isTls && { tls: tlsOptions(settings.tls, contexts, url.kind === 'tcp' ? url.host : '') }),
    db: url.db,
  };
}

function sentinelOptions(
  settings: RedisSettings,
  sentinels: readonly string[],
  { random, contexts }: Means,
): RedisOptions {
  const { username, password, sentinelPassword, useTls, name } = settings;
  if (name === undefined) throw new Error('store.name: not checked');
  return {
    ...commonOptions(random),
    ...credentials(username, password),
    // In another order each time: the first may be the one that is cut off, and believes in a master that is none.
    sentinels: shuffled(addresses(sentinels), random),
    name,
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(useTls && {
      tls: tlsOptions(settings.tls, contexts),
      sentinelTLS: tlsOptions(settings.tls, contexts),
      enableTLSForSentinelMode: true,
    }),
    sentinelCommandTimeout: CONNECT_MS,
    sentinelRetryStrategy: () => RECONNECT_MS,
    sentinelReconnectStrategy: () => SENTINEL_RECONNECT_MS,
    // Without it a master that hangs is kept as long as its connection stands.
    failoverDetector: true,
  };
}

function clusterOptions(settings: RedisSettings, { random, contexts }: Means): ClusterOptions {
  const { username, password, useTls } = settings;
  const { retryStrategy = null, ...common } = commonOptions(random);
  return {
    redisOptions: {
      ...common,
      ...credentials(username, password),
      ...(useTls && { tls: tlsOptions(settings.tls, contexts) }),
      // Connected when a node becomes known, not when a request needs it.
      lazyConnect: false,
    },
    // A node that is gone stays known, and the store is down, until the Cluster says who took its slots.
    clusterNodeRetryStrategy: retryStrategy,
    clusterRetryStrategy: () => RECONNECT_MS * (0.75 + random() / 2),
    enableOfflineQueue: false,
    // Probes look; and this check would fail while the first connection is being made.
    enableReadyCheck: false,
    slotsRefreshTimeout: CONNECT_MS,
    maxRedirections: CLUSTER_RETRIES,
    retryDelayOnTryAgain: CLUSTER_RETRY_MS,
    retryDelayOnFailover: CLUSTER_RETRY_MS,
    retryDelayOnClusterDown: 0,
    // A name stays one: its certificate is for it, and the connection finds all of its addresses.
    dnsLookup: (host, callback) => callback(null, host),
  };
}

/** @param host undefined where Sentinels or a Cluster say which server it is */
function tlsOptions(
  tls: BackendTlsSettings,
  contexts: ClientContexts,
  host?: string,
): ConnectionOptions {
  const name = tls.serverName ?? host;
  return {
    secureContext: contexts.of(tls),
    // Said even when it is the default: NODE_TLS_REJECT_UNAUTHORIZED in the environment must not switch it off.
    rejectUnauthorized: tls.verify,
    // RFC 6066 section 3: no address in SNI.
    ...(name !== undefined && { servername: isIP(name) === 0 ? name.replace(/\.$/, '') : '' }),
    checkServerIdentity: (peer, certificate) =>
      nodeTls().checkServerIdentity(name ?? peer, certificate),
  };
}

function credentials(username: string | null, password: string | null): RedisOptions {
  return { ...(username !== null && { username }), ...(password !== null && { password }) };
}

function addresses(texts: readonly string[]): RedisAddress[] {
  return texts.flatMap((text) => parseRedisAddress(text) ?? []);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}
