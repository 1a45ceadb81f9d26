/** A Redis, some backends, and the instances that share them: all of it gone with the test. */
import { once } from 'node:events';
import { type BackendProcess, startBackendProcesses } from './backend-process.ts';
import { type Instance, startLbctl } from './lbctl.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface SharedRedis extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly backends: readonly BackendProcess[];
  /** `a`, `b`, ... as the value of `backends` in lb.yaml. */
  readonly list: string;
  /** Starts an instance of two workers. @param yaml its pools, and what else it needs beside listener and store */
  start(yaml: string): Promise<Instance>;
  /** Two at the same moment. */
  startPair(yaml: string): Promise<readonly [Instance, Instance]>;
  /** What `start` makes of its text, for a reload. */
  complete(yaml: string): string;
}

export async function shareRedis(backendCount: number): Promise<SharedRedis> {
  await using starting = new AsyncDisposableStack();
  const redis = starting.use(await startRedis());
  const backends = starting.use(await startBackendProcesses(backendCount));
  const stack = starting.move();
  // On a machine that is busy with other tests too, 50 ms without an answer do not mean that Redis is away.
  const head = `workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
store: { type: redis, url: "${redis.url}", timeout: 2s }
`;
  const complete = (yaml: string): string => head + yaml;
  const start = async (yaml: string): Promise<Instance> =>
    stack.use(await startLbctl(complete(yaml)));
  return {
    redis,
    backends,
    list: `[${backends.map(({ name, url }) => `{ name: ${name}, url: "${url}" }`).join(', ')}]`,
    start,
    startPair: (yaml) => Promise.all([start(yaml), start(yaml)]),
    complete,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** SIGTERM, and resolves when it is gone. */
export async function stopInstance({ child }: Instance): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
