/** What stays in sight: the verdict, whether the numbers are of now, and what is done to the instance as a whole. */
import { useEffect, useState } from 'preact/hooks';
import type { LiveView } from '../live/live.ts';
import { formatAge } from '../model/format.ts';
import { verdictOf } from '../model/verdict.ts';
import { Logo, SeverityIcon } from './icons.tsx';
import { usePage } from './page-context.ts';
import { ReloadDialog } from './reload-dialog.tsx';
import { useNow } from './use-now.ts';

/** Samples come every second; one that is a little late is no news. */
const OLD_AFTER_MS = 3_000;

export function Header({ view }: { readonly view: LiveView }) {
  const [isReloading, setReloading] = useState(false);
  const { status, pools } = view;
  const verdict = status === null || pools === null ? undefined : verdictOf(status, pools);
  const text = verdict?.text ?? 'Asking the instance …';
  const isWell = verdict === undefined || verdict.severity === 'ok';
  useEffect(() => {
    document.title = isWell ? 'lbctl' : `${text} – lbctl`;
  }, [isWell, text]);
  return (
    <header class="top">
      <h1 class="brand">
        <Logo />
        lbctl
      </h1>
      <p class={`verdict ${verdict?.severity ?? ''}`} role="status" title={text}>
        {verdict !== undefined && <SeverityIcon severity={verdict.severity} />}
        <span>{text}</span>
      </p>
      <Freshness view={view} />
      <button type="button" onClick={() => setReloading(true)} disabled={status === null}>
        Reload …
      </button>
      {isReloading && <ReloadDialog onClose={() => setReloading(false)} />}
    </header>
  );
}

/** Says how old the numbers are as soon as they are. The age is for the eyes: it would be read out every second. */
function Freshness({ view }: { readonly view: LiveView }) {
  const { clock } = usePage();
  const { monotonicMs } = useNow(clock);
  const { phase, sampledAtMs, trouble } = view;
  const ageMs = sampledAtMs === null ? null : monotonicMs - sampledAtMs;
  const isLive = phase === 'live' && ageMs !== null && ageMs < OLD_AFTER_MS && trouble === null;
  const text = phase === 'live' && trouble !== null ? `partly live: ${trouble}` : WORDS[phase];
  return (
    <p class={`freshness ${isLive ? 'live' : 'stale'}`}>
      <span class="dot" aria-hidden="true" />
      <span class="text" title={text}>
        <span role="status">{text}</span>
        {!isLive && ageMs !== null && <span aria-hidden="true">, data {formatAge(ageMs)} old</span>}
      </span>
    </p>
  );
}

const WORDS: Readonly<Record<LiveView['phase'], string>> = {
  loading: 'connecting',
  live: 'live',
  away: 'no answer, trying again',
  login: 'logged out',
  paused: 'paused',
};
