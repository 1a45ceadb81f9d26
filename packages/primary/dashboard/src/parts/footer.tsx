/** Which instance this is. */
import type { StatusReply } from '@lb/shared/admin-api/contract';
import type { LoginNeedReply } from '@lb/shared/admin-api/login';
import { useEffect, useState } from 'preact/hooks';
import { formatDate } from '../model/format.ts';
import { usePage } from './page-context.ts';

export function Footer({ status }: { readonly status: StatusReply | null }) {
  if (status === null) return <footer class="bottom" />;
  const { version, node, pid, startedAt, config, store } = status;
  return (
    <footer class="bottom">
      <span>lbctl {version}</span>
      <span>Node {node}</span>
      <span>pid {pid}</span>
      <span>started {formatDate(startedAt)}</span>
      <span>
        configuration {config.path ?? 'from the command line'} ({config.hash.slice(0, 8)})
      </span>
      <span>
        store {store.type}
        {store.up ? '' : ', away'}
      </span>
      <LogOut />
    </footer>
  );
}

/** Where there is a token to log in with. */
function LogOut() {
  const { api, live } = usePage();
  const [isNeeded, setNeeded] = useState(false);
  useEffect(() => {
    api.get<LoginNeedReply>('/api/v1/login').then(
      ({ required }) => setNeeded(required),
      // Whoever does not answer this does not answer the rest, which the page says.
      () => setNeeded(false),
    );
  }, []);
  if (!isNeeded) return null;
  const logOut = (): void => {
    const ended = api.change('POST', '/api/v1/logout', {});
    void ended.finally(() => live.start());
  };
  return (
    <button type="button" class="small" onClick={logOut}>
      Log out
    </button>
  );
}
