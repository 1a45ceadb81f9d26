/** Reads the configuration again: what it would change first, then the confirmation, then what came of it. */
import type { PlanReply, ReloadReply } from '@lb/shared/admin-api/contract';
import { useEffect, useState } from 'preact/hooks';
import { Refused } from '../api/api.ts';
import { Dialog } from './dialog.tsx';
import { usePage } from './page-context.ts';
import { refusalText, useChange } from './use-change.ts';

export function ReloadDialog({ onClose }: { readonly onClose: () => void }) {
  const { api } = usePage();
  const [plan, setPlan] = useState<PlanReply | undefined>(undefined);
  const [reply, setReply] = useState<ReloadReply | undefined>(undefined);
  const planning = useChange();
  const reloading = useChange();
  useEffect(() => {
    void planning.run(async () => setPlan(await api.change<PlanReply>('POST', '/api/v1/plan', {})));
  }, []);
  const reload = (): void => {
    void reloading.run(async () =>
      setReply(await api.change<ReloadReply>('POST', '/api/v1/reload', {})),
    );
  };
  const refusal = reloading.refusal ?? planning.refusal;
  return (
    <Dialog title="Reload the configuration" onClose={onClose}>
      <div class="dialog-body" aria-live="polite">
        {reply !== undefined && <Done reply={reply} />}
        {reply === undefined && plan !== undefined && <Plan plan={plan} />}
        {plan === undefined && refusal === undefined && <p>Comparing the file …</p>}
        {refusal !== undefined && <Refusal refusal={refusal} />}
      </div>
      <div class="buttons">
        <button type="button" onClick={onClose}>
          {reply === undefined ? 'Cancel' : 'Close'}
        </button>
        {reply === undefined && (
          <button
            type="button"
            class="primary"
            disabled={plan === undefined || reloading.isUnderWay}
            onClick={reload}
          >
            {reloading.isUnderWay ? 'Reloading …' : 'Reload'}
          </button>
        )}
      </div>
    </Dialog>
  );
}

function Plan({ plan: { changes } }: { readonly plan: PlanReply }) {
  if (changes.length === 0) return <p>The file says what is in force already.</p>;
  return (
    <>
      <p>What this does. No connection is closed for it.</p>
      <ul class="changes">
        {changes.map(({ path, text, touches, needsRestart }) => (
          <li key={`${path} ${text}`}>
            <strong>{text}</strong>
            <small>{needsRestart ? 'takes effect at the next start' : touches}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

function Done({ reply: { applied, changes } }: { readonly reply: ReloadReply }) {
  return (
    <>
      <p>{applied ? 'The configuration is in force.' : 'It was taken back.'}</p>
      <ul class="changes">
        {changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
    </>
  );
}

function Refusal({ refusal }: { readonly refusal: Error }) {
  const errors = refusal instanceof Refused ? refusal.errors : [];
  return (
    <div class="refusal" role="alert">
      <p>{errors.length === 0 ? refusalText(refusal) : 'The file is refused; nothing changed.'}</p>
      <ul class="changes">
        {errors.map(({ path, line, column, message, hint }) => (
          <li key={`${path} ${line} ${column} ${message}`}>
            <strong>
              {line > 0 && `line ${line}: `}
              {path} {message}
            </strong>
            {hint !== null && <small>{hint}</small>}
          </li>
        ))}
      </ul>
    </div>
  );
}
