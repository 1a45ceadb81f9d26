/** "Explain a request": what would become of it, step by step. Nothing is sent. */
import type { ExplainReply } from '@lb/shared/admin-api/explain';
import { useState } from 'preact/hooks';
import { explainRequest, type ExplainForm } from '../model/request-lines.ts';
import { ExplainResult } from './explain-result.tsx';
import { usePage } from './page-context.ts';
import { refusalText } from './use-change.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const EMPTY: ExplainForm = { method: 'GET', url: '', headers: '', clientIp: '' };

export function Explain() {
  const { api } = usePage();
  const [form, setForm] = useState(EMPTY);
  const [reply, setReply] = useState<ExplainReply | undefined>(undefined);
  const [trouble, setTrouble] = useState('');
  const ask = async (): Promise<void> => {
    setTrouble('');
    try {
      const request = explainRequest(form);
      setReply(await api.change<ExplainReply>('POST', '/api/v1/explain', request));
    } catch (error) {
      setReply(undefined);
      if (error instanceof RangeError) setTrouble(error.message);
      else setTrouble(refusalText(error instanceof Error ? error : new Error(String(error))));
    }
  };
  const set = (change: Partial<ExplainForm>): void => setForm({ ...form, ...change });
  return (
    <section class="panel explain" aria-labelledby="explain-title">
      <h2 id="explain-title">Explain a request</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <label class="method">
          Method
          <select
            value={form.method}
            onChange={(event) => set({ method: event.currentTarget.value })}
          >
            {METHODS.map((method) => (
              <option key={method}>{method}</option>
            ))}
          </select>
        </label>
        <label class="url">
          URL
          <input
            type="text"
            required
            spellcheck={false}
            placeholder="http://www.example.com/shop?item=1"
            value={form.url}
            onInput={(event) => set({ url: event.currentTarget.value })}
          />
        </label>
        <label class="client">
          Client address
          <input
            type="text"
            spellcheck={false}
            placeholder="127.0.0.1"
            value={form.clientIp}
            onInput={(event) => set({ clientIp: event.currentTarget.value })}
          />
        </label>
        <label class="headers">
          Headers
          <textarea
            rows={2}
            spellcheck={false}
            placeholder="Accept: text/html"
            value={form.headers}
            onInput={(event) => set({ headers: event.currentTarget.value })}
          />
        </label>
        <button type="submit" class="primary">
          Explain
        </button>
      </form>
      <div aria-live="polite">
        {trouble !== '' && <p class="refusal">{trouble}</p>}
        {reply !== undefined && <ExplainResult reply={reply} />}
      </div>
    </section>
  );
}
