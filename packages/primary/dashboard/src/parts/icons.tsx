/** Small pictures. Each state has a shape of its own, so that colour is never the only signal. */
import type { BackendReply } from '@lb/shared/admin-api/contract';
import type { Severity } from '../model/verdict.ts';

const STATE_SHAPES: Readonly<Record<BackendReply['state'], string>> = {
  up: 'M6 1a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
  down: 'M.5 1.5h11L6 11z',
  ejected: 'M6 .5 11.5 6 6 11.5.5 6z',
  draining: 'M6 1v10A5 5 0 0 1 6 1zm0 0a5 5 0 0 1 0 10V9.5a3.5 3.5 0 0 0 0-7z',
  maintenance: 'M1.5 1.5h9v9h-9zm1.5 1.5v6h6v-6z',
};

const SEVERITY_SHAPES: Readonly<Record<Severity, string>> = {
  ok: 'M8 .5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zm3.4 4.6L7 9.5 4.6 7.1 3.5 8.2 7 11.7l5.5-5.5z',
  warn: 'M8 .8 15.8 15H.2zM7.1 5.6v5h1.8v-5zm0 6v1.8h1.8v-1.8z',
  bad: 'M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5zm2.1 3.4v5.3h1.8V3.9zm0 6.6v1.8h1.8v-1.8z',
};

/** The shape of a backend's state; its word stands beside it. */
export function StateIcon({ state }: { readonly state: BackendReply['state'] }) {
  return (
    <svg class="icon" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={STATE_SHAPES[state]} fill-rule="evenodd" />
    </svg>
  );
}

/** The shape of how bad it is. */
export function SeverityIcon({ severity }: { readonly severity: Severity }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={SEVERITY_SHAPES[severity]} fill-rule="evenodd" />
    </svg>
  );
}

/** One line that becomes three. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M7 16h7m0 0 9-8m-9 8h9m-9 0 9 8" />
    </svg>
  );
}
