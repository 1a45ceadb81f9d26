/** The numbers that are looked at first. They are those of the last ten seconds, so that they can be read. */
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { StatsSample, TotalsSample, TrafficReply } from '@lb/shared/admin-api/statistics';
import type { ComponentChildren } from 'preact';
import {
  formatAge,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  NONE,
} from '../model/format.ts';
import { Measure } from './measure.tsx';
import { usePage } from './page-context.ts';
import { useNow } from './use-now.ts';

export interface TilesProps {
  readonly status: StatusReply | null;
  readonly sample: StatsSample | null;
}

export function Tiles({ status, sample }: TilesProps) {
  return (
    <section class="tiles" aria-label="Now">
      <dl>
        <TrafficTiles totals={status?.totals ?? NO_TRAFFIC} isKnown={status !== null} />
        <LoadTiles totals={sample?.totals} />
        <Tile name="Version" id="version">
          {status?.version ?? NONE}
        </Tile>
        <Tile name="Config age" id="config-age">
          {status === null ? NONE : <ConfigAge loadedAt={status.config.loadedAt} />}
        </Tile>
      </dl>
    </section>
  );
}

const NO_TRAFFIC: TrafficReply = {
  requestsPerSecond: 0,
  errorRate: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

interface TrafficTilesProps {
  readonly totals: TrafficReply;
  readonly isKnown: boolean;
}

function TrafficTiles({ totals, isKnown }: TrafficTilesProps) {
  const { requestsPerSecond, errorRate, p50Ms, p95Ms, p99Ms } = totals;
  return (
    <>
      <Tile name="Requests/s" id="rate">
        {isKnown ? formatRate(requestsPerSecond) : NONE}
      </Tile>
      <Tile name="Errors" id="errors" mark={errorRate > 0 ? 'bad' : ''}>
        <Measure text={formatShare(isKnown ? errorRate : null)} />
      </Tile>
      <Tile name="p50" id="p50">
        <Measure text={formatMs(p50Ms)} />
      </Tile>
      <Tile name="p95" id="p95">
        <Measure text={formatMs(p95Ms)} />
      </Tile>
      <Tile name="p99" id="p99">
        <Measure text={formatMs(p99Ms)} />
      </Tile>
    </>
  );
}

function LoadTiles({ totals }: { readonly totals: TotalsSample | undefined }) {
  return (
    <>
      <Tile name="Connections" id="connections">
        {totals === undefined ? NONE : formatCount(totals.connections)}
      </Tile>
      <Tile name="In flight" id="in-flight">
        {totals === undefined ? NONE : formatCount(totals.inFlight)}
      </Tile>
      <Tile name="Cache hits" id="cache">
        <Measure text={formatShare(totals?.cacheHitRate ?? null)} />
      </Tile>
    </>
  );
}

interface TileProps {
  readonly name: string;
  readonly id: string;
  readonly mark?: 'bad' | '';
  readonly children: ComponentChildren;
}

function Tile({ name, id, mark = '', children }: TileProps) {
  return (
    <div class={`tile ${mark}`} data-tile={id}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ConfigAge({ loadedAt }: { readonly loadedAt: string }) {
  const { clock } = usePage();
  const { wallMs } = useNow(clock);
  return <Measure text={formatAge(wallMs - Date.parse(loadedAt))} />;
}
