/** Drains, enables or reweights one backend, after saying what that does. A refusal is shown, with the way around it. */
import type {
  BackendChangeReply,
  BackendChangeRequest,
  BackendReply,
  PoolReply,
} from '@lb/shared/admin-api/contract';
import { useState } from 'preact/hooks';
import { counted } from '../model/format.ts';
import { Dialog } from './dialog.tsx';
import { usePage } from './page-context.ts';
import { isGuarded, refusalText, useChange } from './use-change.ts';

/** What is asked for. */
export type ChangeKind = 'drain' | 'enable' | 'weight';

export interface ChangeDialogProps {
  readonly kind: ChangeKind;
  readonly pool: PoolReply;
  readonly backend: BackendReply;
  readonly onClose: () => void;
}

const VERBS: Readonly<Record<ChangeKind, string>> = {
  drain: 'Drain',
  enable: 'Enable',
  weight: 'Set the weight of',
};

export function ChangeDialog({ kind, pool, backend, onClose }: ChangeDialogProps) {
  const { api } = usePage();
  const change = useChange();
  const [weight, setWeight] = useState(String(backend.override?.weight ?? backend.weight));
  const [warning, setWarning] = useState<string | null>(null);
  const apply = async (force: boolean): Promise<void> => {
    const path = `/api/v1/pools/${encodeURIComponent(pool.name)}/backends/${encodeURIComponent(backend.name)}`;
    const wanted = { ...requestOf(kind, weight), ...(force && { force }) };
    let reply: BackendChangeReply | undefined;
    const isDone = await change.run(async () => {
      reply = await api.change<BackendChangeReply>('PUT', path, wanted);
    });
    if (!isDone) return;
    if (reply?.warning) setWarning(reply.warning);
    else onClose();
  };
  const { refusal, isUnderWay } = change;
  return (
    <Dialog title={`${VERBS[kind]} ${pool.name}/${backend.name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void apply(isGuarded(refusal));
        }}
      >
        <div class="dialog-body">
          <p>{explanation(kind, pool, backend)}</p>
          {kind === 'weight' && (
            <label class="field">
              Weight
              <input
                type="number"
                min="0"
                max="1000"
                step="1"
                required
                value={weight}
                onInput={(event) => setWeight(event.currentTarget.value)}
              />
            </label>
          )}
          <div aria-live="assertive">
            {refusal !== undefined && <p class="refusal">{refusalText(refusal)}</p>}
            {warning !== null && <p class="warning">Done, but {warning}</p>}
          </div>
        </div>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {warning === null ? 'Cancel' : 'Close'}
          </button>
          {warning === null && (
            <button
              type="submit"
              class={isGuarded(refusal) ? 'danger' : 'primary'}
              disabled={isUnderWay}
            >
              {isGuarded(refusal) ? 'Do it all the same' : VERBS[kind].split(' ')[0]}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function requestOf(kind: ChangeKind, weight: string): BackendChangeRequest {
  switch (kind) {
    case 'drain':
      return { state: 'drain' };
    case 'enable':
      return { state: 'enabled' };
    case 'weight':
      return { weight: Number(weight) };
  }
}

function explanation(kind: ChangeKind, pool: PoolReply, backend: BackendReply): string {
  const { inFlight, weight } = backend;
  switch (kind) {
    case 'drain': {
      const others = pool.backends.filter(
        ({ name, state }) => name !== backend.name && state === 'up',
      ).length;
      const rest =
        inFlight === 0
          ? 'Nothing is in flight.'
          : `${counted(inFlight, 'request')} in flight may finish.`;
      return `New traffic goes to the ${counted(others, 'other backend')} that are up. ${rest} It stays drained until it is enabled.`;
    }
    case 'enable':
      return backend.state === 'ejected'
        ? 'It takes new traffic again at once. When real traffic speaks against it, it is ejected once more.'
        : 'It takes new traffic again as soon as it is healthy.';
    case 'weight':
      return `The share of traffic, from 0 (no new traffic) to 1000. The configuration says ${weight}.`;
  }
}
