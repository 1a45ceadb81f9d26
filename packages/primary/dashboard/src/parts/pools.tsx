/** Every pool, and a filter over all of them. */
import type { PoolReply } from '@lb/shared/admin-api/contract';
import { useState } from 'preact/hooks';
import { counted } from '../model/format.ts';
import { type RowFilter, rowsOf } from '../model/rows.ts';
import { PoolTable } from './pool-table.tsx';

export function Pools({ pools }: { readonly pools: readonly PoolReply[] | null }) {
  const [filter, setFilter] = useState<RowFilter>({ text: '', onlyProblems: false });
  const isFiltered = filter.text !== '' || filter.onlyProblems;
  const fitting = (pools ?? []).map((pool) => rowsOf(pool, filter, undefined).length);
  const shown = (pools ?? []).filter((_, place) => !isFiltered || (fitting[place] ?? 0) > 0);
  const count = fitting.reduce((sum, each) => sum + each, 0);
  return (
    <section class="pools" id="pools" aria-labelledby="pools-title">
      <div class="toolbar">
        <h2 id="pools-title">Pools</h2>
        <span class="hint" role="status">
          {isFiltered && `${counted(count, 'backend')} shown`}
        </span>
        <input
          type="search"
          placeholder="Filter backends"
          aria-label="Filter backends by name, URL, state or reason"
          value={filter.text}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={filter.onlyProblems}
            onChange={(event) =>
              setFilter({ ...filter, onlyProblems: event.currentTarget.checked })
            }
          />
          Only problems
        </label>
      </div>
      {pools === null && <div class="panel skeleton" aria-hidden="true" />}
      {pools !== null && shown.length === 0 && (
        <p class="panel empty">
          {isFiltered ? 'No backend fits the filter.' : 'No pool is configured.'}
        </p>
      )}
      <div class="pool-grid">
        {shown.map((pool) => (
          <PoolTable key={pool.name} pool={pool} filter={filter} />
        ))}
      </div>
    </section>
  );
}
