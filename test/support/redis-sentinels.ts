/** A master, its replica, and three Sentinels that watch them closely. */
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface WatchedRedis extends AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** `host:port`, as in store.sentinels. */
  readonly sentinels: readonly string[];
  /** What the Sentinels call the master. */
  readonly name: string;
}

const NAME = 'lb';

export async function startWatchedRedis(args: readonly string[] = []): Promise<WatchedRedis> {
  await using started = new AsyncDisposableStack();
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const [masterPort = 0, replicaPort = 0, ...sentinelPorts] = ports;
  const replicaOf = ['--replicaof', `127.0.0.1 ${masterPort}`];
  const eager = ['--repl-diskless-sync-delay', '0', ...args];
  const master = started.use(await startRedis({ port: masterPort, args: eager }));
  const replica = started.use(
    await startRedis({ port: replicaPort, args: [...eager, ...replicaOf] }),
  );
  await eventually(async () => {
    if (!(await replica.cli('info', 'replication')).includes('master_link_status:up')) {
      throw new Error('the replica has no master yet');
    }
  });
  const sentinelConfig = [
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} 300`,
    `sentinel failover-timeout ${NAME} 3000\n`,
  ].join('\n');
  const servers = await Promise.all(
    sentinelPorts.map((port) => startRedis({ port, sentinelConfig })),
  );
  for (const server of servers) started.use(server);
  await eventually(async () => {
    for (const server of servers) {
      const about = await server.cli('sentinel', 'master', NAME);
      if (!/num-slaves\n1\nnum-other-sentinels\n2\n/.test(about)) {
        throw new Error('a Sentinel does not know the others yet');
      }
    }
  }, 10_000);
  const stack = started.move();
  return {
    master,
    replica,
    sentinels: sentinelPorts.map((port) => `127.0.0.1:${port}`),
    name: NAME,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
