/** The state of everything in one line, which is all that most visits to the page are for. */
import type { BackendReply, PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import { counted } from './format.ts';

/** `warn`: somebody should look. `bad`: requests fail, or soon will. */
export type Severity = 'ok' | 'warn' | 'bad';

export interface Verdict {
  readonly severity: Severity;
  readonly text: string;
}

/** Backends that are named; the others are counted. */
const NAMED = 2;

/** What is wrong comes first, and of that the worst. */
export function verdictOf(status: StatusReply, pools: readonly PoolReply[]): Verdict {
  const troubles = [
    ...instanceTroubles(status),
    ...pools.flatMap(poolTroubles),
    ...backendTroubles(pools),
  ];
  const backends = pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  if (troubles.length === 0) return { severity: 'ok', text: allUp(backends) };
  const bad = troubles.filter(({ severity }) => severity === 'bad');
  const said = [...bad, ...troubles.filter(({ severity }) => severity === 'warn')];
  const text = said.map((trouble) => trouble.text).join('; ');
  const severity = bad.length > 0 ? 'bad' : 'warn';
  return { severity, text: text.charAt(0).toUpperCase() + text.slice(1) };
}

function allUp(backends: number): string {
  if (backends === 0) return 'No pool is configured';
  return backends === 1 ? 'The backend is up' : `All ${backends} backends up`;
}

function instanceTroubles({ state, config, store, workers }: StatusReply): Verdict[] {
  const troubles: Verdict[] = [];
  if (state === 'draining')
    troubles.push({ severity: 'bad', text: 'the instance is draining and will exit' });
  if (state !== 'draining' && !workers.some((worker) => worker.state === 'running'))
    troubles.push({ severity: 'bad', text: 'no worker accepts connections' });
  if (config.revertedBecause !== null)
    troubles.push({
      severity: 'warn',
      text: `the last reload was taken back: ${config.revertedBecause}`,
    });
  else if (config.lastReloadFailed)
    troubles.push({ severity: 'warn', text: 'the last reload was refused' });
  if (!store.up) troubles.push({ severity: 'warn', text: `the store is away: ${store.reason}` });
  return troubles;
}

function poolTroubles({ name, available, isPanicking, backends }: PoolReply): Verdict[] {
  if (isPanicking)
    return [{ severity: 'bad', text: `pool ${name} is in panic and ignores health` }];
  if (available > 0 || backends.length === 0) return [];
  return [{ severity: 'bad', text: `pool ${name} has no backend that may take traffic` }];
}

function backendTroubles(pools: readonly PoolReply[]): Verdict[] {
  const all = pools.flatMap((pool) => pool.backends.map((backend) => ({ pool, backend })));
  const inState = (state: BackendReply['state']) =>
    all.filter(({ backend }) => backend.state === state);
  const troubles: Verdict[] = [];
  const out = [...inState('down'), ...inState('ejected')];
  if (out.length > 0) {
    const named = out
      .slice(0, NAMED)
      .map(({ pool, backend }) => `${pool.name}/${backend.name} ${backend.reason}`);
    const more = out.length > NAMED ? [`${out.length - NAMED} more`] : [];
    const words = inState('down').length === out.length ? 'down' : 'out of rotation';
    troubles.push({
      severity: 'bad',
      text: `${out.length} of ${counted(all.length, 'backend')} ${words}: ${[...named, ...more].join(', ')}`,
    });
  }
  for (const [state, words] of [
    ['draining', 'draining'],
    ['maintenance', 'in maintenance'],
  ] as const) {
    const count = inState(state).length;
    if (count > 0)
      troubles.push({ severity: 'warn', text: `${counted(count, 'backend')} ${words}` });
  }
  return troubles;
}
