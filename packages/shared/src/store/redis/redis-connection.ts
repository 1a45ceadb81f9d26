/**
 * The connection to Redis of one process: what store and registry send goes through it, and every way in which it can fail
 * comes out as a StoreError.
 *
 * A client is thrown away with all that it knows when it does not get well by itself: where Sentinels are, which node has which
 * slots, a socket whose other end hangs.
 */
import { once } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import { ClientContexts } from '../../net/client-tls.ts';
import type { Random } from '../../time/clock.ts';
import type { Probeable } from '../guard.ts';
import { StoreError } from '../store.ts';
import { openClient } from './open-client.ts';
import { connectionFailure, isReply, replyFailure } from './redis-failure.ts';
import type { RedisSettings } from './redis-settings.ts';
import type { Script, ScriptArgument, ScriptRunner } from './scripts/script.ts';
import { checkServer } from './server-version.ts';

type Client = Redis | Cluster;
type ScriptCommand = (keyCount: number, ...args: ScriptArgument[]) => Promise<unknown>;

/** What is written by a probe goes by itself after this. */
const PROBE_TTL_MS = 60_000;

/** What is open is destroyed after this, if the other end does not close it. */
const CLOSING_MS = 300;

/** A step of a search for keys. */
interface Scanned {
  readonly next: string;
  readonly keys: readonly string[];
  readonly servers: number;
}

export class RedisConnection implements Probeable, ScriptRunner {
  readonly prefix: string;
  readonly #settings: RedisSettings;
  readonly #random: Random;
  readonly #contexts = new ClientContexts();
  /** The setting that says where Redis is. */
  readonly #where: string;
  #client: Client;
  /** What the server is was looked at since it was connected. */
  #isChecked = false;
  /** The last trouble with the connection since a probe succeeded. */
  #trouble: StoreError | undefined;

  /** Begins to connect, and goes on until it is closed. */
  constructor(settings: RedisSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.prefix = settings.prefix;
    const { cluster, sentinels } = settings;
    this.#where = `store.${cluster ? 'cluster' : sentinels ? 'sentinels' : 'url'}`;
    this.#client = this.#open();
  }

  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.send(keys, (client) =>
      commandOf(client, script, '').call(client, keys.length, ...keys, ...args),
    );
  }

  runForBytes(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.send(keys, (client) =>
      commandOf(client, script, 'Buffer').call(client, keys.length, ...keys, ...args),
    );
  }

  /**
   * Sends a command.
   * @param keys that it is about
   * @throws StoreError
   */
  async send<T>(keys: readonly string[], command: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await command(this.#client);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (isReply(error)) throw replyFailure(error, keys);
      // Of the rest ioredis says that there is no connection; why not, its events said before.
      throw (
        this.#trouble ?? new StoreError('unreachable', `no connection to Redis (${this.#where})`)
      );
    }
  }

  /**
   * Looks for keys: one step through one of the servers.
   * @param server from 0; of a Cluster there are several
   * @param cursor '0' at first; `next` is that again at the end
   * @throws StoreError
   */
  scan(server: number, cursor: string, pattern: string, count: number): Promise<Scanned> {
    return this.send([], async (client) => {
      const servers = mastersOf(client);
      const found = await servers[server]?.scan(cursor, 'MATCH', pattern, 'COUNT', count);
      const [next, keys] = found ?? ['0', []];
      return { next, keys, servers: servers.length };
    });
  }

  /** Writes to Redis; of a Cluster, every node that has slots must be well too. */
  async probe(): Promise<void> {
    const key = `${this.prefix}{probe}`;
    await this.send([key], async (client) => {
      if (!this.#isChecked) await this.#check(client);
      if ('nodes' in client) await Promise.all(client.nodes('master').map(checkNode));
      await client.set(key, '1', 'PX', PROBE_TTL_MS);
      if (client !== this.#client) return;
      this.#isChecked = true;
      this.#trouble = undefined;
    });
  }

  reconnect(): void {
    dispose(this.#client);
    this.#client = this.#open();
  }

  async close(): Promise<void> {
    const client = this.#client;
    const isOpen = ['connecting', 'connect', 'ready'].includes(client.status);
    const signal = AbortSignal.timeout(CLOSING_MS);
    // Rejects when the time is up, or with a last error of the connection: closed it is either way.
    const closed = isOpen ? once(client, 'end', { signal }).catch(() => undefined) : undefined;
    dispose(client);
    await closed;
  }

  /** What has to be known of a server once: that it will do. */
  async #check(client: Client): Promise<void> {
    const infos = await Promise.all(mastersOf(client).map((server) => server.info()));
    for (const info of infos) checkServer(info, this.#where);
    if ('nodes' in client) return;
    // Where there is no such database, ioredis has gone on with another.
    const { db = 0 } = client.options;
    if (db !== 0) await client.select(db);
  }

  #open(): Client {
    const client = openClient(this.#settings, { random: this.#random, contexts: this.#contexts });
    this.#isChecked = false;
    const onTrouble = (error: Error): void => {
      if (client !== this.#client) return;
      const failure = connectionFailure(error, this.#where);
      // Errors that ioredis makes itself ("connection is closed") follow those that say why.
      const isVague = failure.failure === 'unreachable' && !('code' in error);
      if (!isVague || this.#trouble === undefined) this.#trouble = failure;
    };
    for (const event of ['error', 'sentinelError', 'node error']) client.on(event, onTrouble);
    for (const event of ['close', '+node']) client.on(event, () => (this.#isChecked = false));
    return client;
  }
}

/** A script is a command of a client from the first time on, and one more whose replies are bytes. */
function commandOf(client: Client, { name, lua }: Script, replies: '' | 'Buffer'): ScriptCommand {
  const commands = client as unknown as Record<string, ScriptCommand>;
  if (commands[name] === undefined) client.defineCommand(name, { lua });
  return commands[name + replies] as ScriptCommand;
}

/** A node serves nothing while it knows that slots are missing; and one that hangs keeps the probe waiting. */
async function checkNode(node: Redis): Promise<void> {
  const about = await node.cluster('INFO');
  if (!about.includes('cluster_state:ok')) throw replyFailure(new Error('CLUSTERDOWN '));
}

function mastersOf(client: Client): Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** Ends a client for good, whatever it is doing. */
function dispose(client: Client): void {
  // A Sentinel connection may be in the making still: the second time it is there to be closed.
  client.once('end', () => client.disconnect());
  client.disconnect();
}
