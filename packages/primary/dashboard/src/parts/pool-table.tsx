/** One pool: its line, and a table of its backends of which only the rows in sight are made. */
import type { BackendReply, PoolReply } from '@lb/shared/admin-api/contract';
import { useId, useRef, useState } from 'preact/hooks';
import { formatMs, formatRate, formatShare } from '../model/format.ts';
import { type RowFilter, rowsOf, type Sort, type SortKey } from '../model/rows.ts';
import { BackendRow } from './backend-row.tsx';
import { ChangeDialog, type ChangeKind } from './change-dialog.tsx';
import { useVisibleRows } from './use-visible-rows.ts';

const COLUMNS: readonly (readonly [label: string, key: SortKey | undefined, className: string])[] =
  [
    ['State', 'state', 'state'],
    ['Backend', 'name', 'name'],
    ['Health', undefined, 'beats'],
    ['Weight', 'weight', 'number'],
    ['In flight', 'inFlight', 'number'],
    ['Req/s', 'requestsPerSecond', 'number'],
    ['p50', 'p50Ms', 'number'],
    ['p95', 'p95Ms', 'number'],
    ['p99', 'p99Ms', 'number'],
    ['Errors', 'errorRate', 'number'],
  ];

interface Wanted {
  readonly kind: ChangeKind;
  readonly name: string;
}

export interface PoolTableProps {
  readonly pool: PoolReply;
  readonly filter: RowFilter;
}

export function PoolTable({ pool, filter }: PoolTableProps) {
  const [sort, setSort] = useState<Sort | undefined>(undefined);
  const [wanted, setWanted] = useState<Wanted | undefined>(undefined);
  const body = useRef<HTMLDivElement>(null);
  const titleId = useId();
  const rows = rowsOf(pool, filter, sort);
  const { first, end, rowPx } = useVisibleRows(body, rows.length);
  const changed = pool.backends.find(({ name }) => name === wanted?.name);
  return (
    <section class="pool panel" aria-labelledby={titleId} data-pool={pool.name}>
      <PoolLine pool={pool} titleId={titleId} />
      <div class="table" role="table" aria-labelledby={titleId} aria-rowcount={rows.length + 1}>
        <div class="names" role="rowgroup">
          <HeadRow sort={sort} onSort={(key) => setSort(nextSort(sort, key))} />
        </div>
        <div
          class="rows"
          role="rowgroup"
          ref={body}
          style={{ height: `${rows.length * rowPx}px`, paddingTop: `${first * rowPx}px` }}
        >
          {rows.slice(first, end).map((backend, index) => (
            <BackendRow
              key={backend.name}
              backend={backend}
              place={first + index + 2}
              onChange={(kind) => setWanted({ kind, name: backend.name })}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 && <p class="empty">{emptyText(pool)}</p>}
      {wanted !== undefined && changed !== undefined && (
        <ChangeDialog
          kind={wanted.kind}
          pool={pool}
          backend={changed}
          onClose={() => setWanted(undefined)}
        />
      )}
    </section>
  );
}

function PoolLine({ pool, titleId }: { readonly pool: PoolReply; readonly titleId: string }) {
  const { name, policy, backends, available, isPanicking, queueLength } = pool;
  const mark = isPanicking || available === 0 ? 'bad' : available < backends.length ? 'warn' : '';
  return (
    <header class="pool-line">
      <h3 id={titleId}>{name}</h3>
      <span class="policy">{policy}</span>
      <span class={`share ${mark}`}>
        {available} of {backends.length} available{isPanicking && ', panic: health is ignored'}
      </span>
      {queueLength > 0 && <span class="warn">{queueLength} waiting</span>}
      <span class="pool-numbers">
        <span>{formatRate(pool.requestsPerSecond)} req/s</span>
        <span>p99 {formatMs(pool.p99Ms)}</span>
        <span class={pool.errorRate > 0 ? 'bad' : ''}>{formatShare(pool.errorRate)} errors</span>
      </span>
    </header>
  );
}

interface HeadRowProps {
  readonly sort: Sort | undefined;
  readonly onSort: (key: SortKey) => void;
}

function HeadRow({ sort, onSort }: HeadRowProps) {
  return (
    <div class="row head" role="row" aria-rowindex={1}>
      {COLUMNS.map(([label, key, className]) => (
        <span
          key={label}
          class={`cell ${className}`}
          role="columnheader"
          aria-sort={sort?.key === key && sort ? ariaSort(sort) : 'none'}
        >
          {key === undefined ? (
            label
          ) : (
            <button type="button" class="sort" onClick={() => onSort(key)}>
              {label}
              <span aria-hidden="true">{sort?.key === key ? arrow(sort) : ''}</span>
            </button>
          )}
        </span>
      ))}
      <span class="cell actions" role="columnheader">
        <span class="unseen">Actions</span>
      </span>
    </div>
  );
}

/** The largest first, then the smallest first, then as configured; names and states begin the other way round. */
function nextSort(sort: Sort | undefined, key: SortKey): Sort | undefined {
  const beginsDescending = key !== 'name' && key !== 'state';
  if (sort?.key !== key) return { key, isDescending: beginsDescending };
  return sort.isDescending === beginsDescending
    ? { key, isDescending: !beginsDescending }
    : undefined;
}

function ariaSort({ isDescending }: Sort): 'ascending' | 'descending' {
  return isDescending ? 'descending' : 'ascending';
}

function arrow({ isDescending }: Sort): string {
  return isDescending ? ' ↓' : ' ↑';
}

function emptyText({ backends }: { readonly backends: readonly BackendReply[] }): string {
  return backends.length === 0 ? 'This pool has no backends.' : 'No backend fits the filter.';
}
