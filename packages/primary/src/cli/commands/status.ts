/** `lbctl status`: the instance at a glance. */
import type { PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import { persistText } from '../persist-text.ts';
import { storeText } from '../store-text.ts';
import { formatTable } from '../table.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';

/** Prints version, uptime, configuration, store, listeners, workers, pools, and who shares the store. */
export function status(call: ClientCall, nowMs: number): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const reply = await client.get<StatusReply>('/api/v1/status');
    const { pools } = await client.get<{ pools: PoolReply[] }>('/api/v1/pools');
    if (options.json === true) output.json({ ...reply, pools });
    else for (const line of statusLines(reply, pools, nowMs)) output.data(line);
    return EXIT.ok;
  });
}

/** The same for people; plain text. */
export function statusLines(
  reply: StatusReply,
  pools: readonly PoolReply[],
  nowMs: number,
): string[] {
  const { config, totals, store, persist } = reply;
  const uptime = formatUptime(nowMs - Date.parse(reply.startedAt));
  return [
    `lbctl ${reply.version}  ${reply.state}  up ${uptime}  pid ${reply.pid}  node ${reply.node}`,
    `config   ${config.path ?? '(command line)'}  ${config.hash}  loaded ${config.loadedAt}${reloadText(config)}`,
    `store    ${storeText(store)}`,
    ...(persist === null ? [] : [`persist  ${persistText(persist)}`]),
    `traffic  ${totals.requestsPerSecond.toFixed(1)} req/s  ${totals.inFlight} in flight  ${totals.connections} connections  ${totals.requests} requests  ${totals.errors} errors`,
    '',
    ...formatTable(
      [{ title: 'LISTENER' }, { title: 'ADDRESS' }, { title: 'CONNECTIONS', align: 'right' }],
      reply.listeners.map(({ name, address, connections }) => [name, address, `${connections}`]),
    ),
    '',
    ...formatTable(
      [
        { title: 'WORKER' },
        { title: 'PID', align: 'right' },
        { title: 'STATE' },
        { title: 'CONNECTIONS', align: 'right' },
        { title: 'REQUESTS', align: 'right' },
        { title: 'LOOP DELAY', align: 'right' },
        { title: 'RSS', align: 'right' },
      ],
      reply.workers.map((worker) => [
        `${worker.id}`,
        `${worker.pid}`,
        worker.state,
        `${worker.connections}`,
        `${worker.requests}`,
        `${worker.eventLoopDelayMs.toFixed(1)} ms`,
        `${Math.round(worker.rssBytes / 2 ** 20)} MiB`,
      ]),
    ),
    '',
    ...formatTable(
      [{ title: 'POOL' }, { title: 'POLICY' }, { title: 'BACKENDS UP', align: 'right' }],
      pools.map(({ name, policy, backends }) => [
        name,
        policy,
        `${backends.filter(({ state }) => state === 'up').length}/${backends.length}`,
      ]),
    ),
    ...instanceLines(reply),
  ];
}

/** What is to say of the last reload; nothing when it went well. */
function reloadText(config: StatusReply['config']): string {
  const { lastReloadFailed, revertedBecause, guardedUntil } = config;
  if (guardedUntil !== null) return `; guarded until ${guardedUntil}`;
  if (revertedBecause !== null)
    return `; the last reload was TAKEN BACK: ${revertedBecause}; the file says something else`;
  return lastReloadFailed ? '; the last reload FAILED, see the log' : '';
}

/** Who shares the store; nothing where nobody can. */
function instanceLines({ store, instances }: StatusReply): string[] {
  if (store.type === 'memory' && instances.length === 1) return [];
  return [
    '',
    ...formatTable(
      [
        { title: 'INSTANCE' },
        { title: 'PID', align: 'right' },
        { title: 'VERSION' },
        { title: 'WORKERS', align: 'right' },
        { title: 'CONFIG' },
        { title: 'STARTED' },
      ],
      instances.map(({ host, pid, version, workers, configHash, startedAt, isSelf }) => [
        isSelf ? `${host} (this one)` : host,
        `${pid}`,
        version,
        `${workers}`,
        configHash,
        startedAt,
      ]),
    ),
  ];
}

/** `3d 4h`, `2h 5m`, `7m 12s`, `9s`: the two largest units. */
export function formatUptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
