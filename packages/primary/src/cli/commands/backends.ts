/** `lbctl backends`: one line per backend. */
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import type { Output, Paint } from '../output.ts';
import { milliseconds, percent } from '../numbers.ts';
import { formatTable } from '../table.ts';
import type { ClientCall } from './client.ts';
import { withInstance } from './client.ts';

/** Prints state, weight and the last ten seconds of every backend. */
export function backends(call: ClientCall): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const { pools } = await client.get<{ pools: PoolReply[] }>('/api/v1/pools');
    if (options.json === true) output.json({ pools });
    else for (const line of backendLines(pools, output)) output.data(line);
    return EXIT.ok;
  });
}

/** An aligned table; lines of backends that get no new traffic stand out on a terminal. */
export function backendLines(pools: readonly PoolReply[], output: Pick<Output, 'paint'>): string[] {
  const entries = pools.flatMap((pool) => pool.backends.map((backend) => ({ pool, backend })));
  const [head = '', ...lines] = formatTable(
    [
      { title: 'POOL' },
      { title: 'BACKEND' },
      { title: 'STATE' },
      { title: 'WEIGHT', align: 'right' },
      { title: 'IN FLIGHT', align: 'right' },
      { title: 'REQ/S', align: 'right' },
      { title: 'P50', align: 'right' },
      { title: 'P99', align: 'right' },
      { title: 'ERRORS', align: 'right' },
      { title: 'LAST PROBE' },
    ],
    entries.map(({ pool, backend }) => cells(pool.name, backend)),
  );
  const painted = lines.map((line, index) => {
    const paint = STATE_PAINTS[entries[index]?.backend.state ?? 'up'];
    return paint === undefined ? line : output.paint(line, paint);
  });
  return [output.paint(head, 'bold'), ...painted];
}

const STATE_PAINTS: Readonly<Record<BackendReply['state'], Paint | undefined>> = {
  up: undefined,
  down: 'red',
  ejected: 'red',
  draining: 'yellow',
  maintenance: 'yellow',
};

function cells(pool: string, backend: BackendReply): string[] {
  const { name, weight, effectiveWeight, inFlight, permits } = backend;
  const { requestsPerSecond, errorRate } = backend;
  return [
    pool,
    name,
    stateOf(backend),
    weight === effectiveWeight ? `${weight}` : `${effectiveWeight} (${weight})`,
    permits === null ? `${inFlight}` : `${inFlight}/${permits.limit}`,
    requestsPerSecond.toFixed(1),
    milliseconds(backend.p50Ms),
    milliseconds(backend.p99Ms),
    percent(errorRate),
    lastSaid(backend),
  ];
}

function stateOf({ state, backup, slowStartLeftMs, breaker }: BackendReply): string {
  const more = [
    ...(backup ? ['backup'] : []),
    ...(slowStartLeftMs === null ? [] : ['slow start']),
    ...(breaker === null || breaker === 'closed' ? [] : [`breaker ${breaker.replace('_', ' ')}`]),
  ];
  return more.length === 0 ? state : `${state} (${more.join(', ')})`;
}

/** Where somebody, or real traffic, took a backend out, that says more than its probe. */
function lastSaid({ lastProbe: probe, reason, override, state }: BackendReply): string {
  if (probe === null || (override?.state ?? null) !== null || state === 'ejected') return reason;
  return `${probe.ok ? 'ok' : 'FAILED'}, ${probe.detail}, ${milliseconds(probe.ms)}`;
}
