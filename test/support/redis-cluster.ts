/** A Redis Cluster of three masters. */
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
  /** `host:port`, as in store.cluster. */
  readonly addresses: readonly string[];
}

const SLOT_RANGES = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const;

export async function startRedisCluster(): Promise<RedisCluster> {
  await using started = new AsyncDisposableStack();
  const nodes: RedisServer[] = [];
  const addresses: string[] = [];
  let first: readonly [port: number, busPort: number] | undefined;
  for (const [low, high] of SLOT_RANGES) {
    const [port, busPort] = [await freePort(), await freePort()];
    // By default the bus is 10,000 ports higher, where there may be none.
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
    const node = started.use(
      await startRedis({ port, args: [...args, '--cluster-node-timeout', '1000'] }),
    );
    await node.cli('cluster', 'addslotsrange', String(low), String(high));
    if (first !== undefined) {
      await node.cli('cluster', 'meet', '127.0.0.1', String(first[0]), String(first[1]));
    }
    first ??= [port, busPort];
    nodes.push(node);
    addresses.push(`127.0.0.1:${port}`);
  }
  await eventually(async () => {
    for (const node of nodes) {
      const about = await node.cli('cluster', 'info');
      if (!/cluster_state:ok/.test(about) || !/cluster_slots_ok:16384/.test(about)) {
        throw new Error('the nodes do not know each other yet');
      }
    }
  }, 15_000);
  const stack = started.move();
  return { nodes, addresses, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
