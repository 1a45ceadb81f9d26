/** One backend: a line of the table, three on a narrow screen. */
import type { BackendReply } from '@lb/shared/admin-api/contract';
import { formatCount, formatMs, formatRate, formatShare } from '../model/format.ts';
import {
  BEAT_HEIGHT,
  BEAT_WIDTH,
  HEARTBEATS,
  heartbeatPaths,
  heartbeatText,
} from '../model/heartbeat.ts';
import type { ChangeKind } from './change-dialog.tsx';
import { StateIcon } from './icons.tsx';
import { Measure } from './measure.tsx';

export interface BackendRowProps {
  readonly backend: BackendReply;
  /** Its place in the whole table, the header being 1. */
  readonly place: number;
  readonly onChange: (kind: ChangeKind) => void;
}

export function BackendRow({ backend, place, onChange }: BackendRowProps) {
  const { name, state, inFlight, requestsPerSecond, p50Ms, p95Ms, p99Ms, errorRate } = backend;
  const mayBeEnabled = state === 'draining' || state === 'maintenance' || state === 'ejected';
  return (
    <div class={`row ${state}`} role="row" aria-rowindex={place} data-backend={name}>
      <span class="cell state" role="cell">
        <StateIcon state={state} />
        {stateText(backend)}
      </span>
      <span class="cell name" role="rowheader">
        <Name backend={backend} />
      </span>
      <span class="cell beats" role="cell">
        <Heartbeat probes={backend.recentProbes} />
      </span>
      <span class="cell number weight" role="cell" data-label="weight">
        {weightText(backend)}
      </span>
      <span class="cell number in-flight" role="cell" data-label="in flight">
        {formatCount(inFlight)}
      </span>
      <span class="cell number rate" role="cell" data-label="req/s">
        {formatRate(requestsPerSecond)}
      </span>
      <span class="cell number p50" role="cell" data-label="p50">
        <Measure text={formatMs(p50Ms)} />
      </span>
      <span class="cell number p95" role="cell" data-label="p95">
        <Measure text={formatMs(p95Ms)} />
      </span>
      <span class="cell number p99" role="cell" data-label="p99">
        <Measure text={formatMs(p99Ms)} />
      </span>
      <span
        class={`cell number errors ${errorRate > 0 ? 'bad' : ''}`}
        role="cell"
        data-label="errors"
      >
        <Measure text={formatShare(errorRate)} />
      </span>
      <span class="cell actions" role="cell">
        <button
          type="button"
          class="small"
          onClick={() => onChange(mayBeEnabled ? 'enable' : 'drain')}
          aria-label={`${mayBeEnabled ? 'Enable' : 'Drain'} ${name}`}
        >
          {mayBeEnabled ? 'Enable' : 'Drain'}
        </button>
        <button
          type="button"
          class="small"
          onClick={() => onChange('weight')}
          aria-label={`Set the weight of ${name}`}
        >
          Weight
        </button>
      </span>
    </div>
  );
}

function Name({ backend }: { readonly backend: BackendReply }) {
  const { name, url, state, reason, backup, breaker, slowStartLeftMs, permits } = backend;
  const notes = [
    ...(backup ? ['backup'] : []),
    ...(breaker !== null && breaker !== 'closed' ? [`breaker ${breaker.replace('_', ' ')}`] : []),
    ...(slowStartLeftMs !== null ? ['slow start'] : []),
    ...(permits !== null && permits.given >= permits.limit ? ['full'] : []),
  ];
  return (
    <>
      <b>{name}</b>
      {notes.map((note) => (
        <em key={note} class="note">
          {note}
        </em>
      ))}
      <span class="more" title={`${url}\n${reason}`}>
        {state === 'up' ? url : reason}
      </span>
    </>
  );
}

function Heartbeat({ probes }: { readonly probes: readonly boolean[] }) {
  const { ok, failed, empty } = heartbeatPaths(probes);
  const text = heartbeatText(probes);
  return (
    <svg
      role="img"
      aria-label={text}
      viewBox={`0 0 ${HEARTBEATS * BEAT_WIDTH} ${BEAT_HEIGHT}`}
      width={HEARTBEATS * BEAT_WIDTH}
      height={BEAT_HEIGHT}
    >
      <path class="empty" d={empty} />
      <path class="ok" d={ok} />
      <path class="failed" d={failed} />
    </svg>
  );
}

/** A drain is done when nothing is in flight: that is what whoever drains waits for. */
function stateText({ state, inFlight }: BackendReply): string {
  return state === 'draining' && inFlight === 0 ? 'drained' : state;
}

/** As configured, and what it is now where that is something else. */
function weightText({ weight, effectiveWeight }: BackendReply): string {
  return weight === effectiveWeight ? String(weight) : `${weight} → ${effectiveWeight}`;
}
