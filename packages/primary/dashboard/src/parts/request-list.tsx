/** Requests that went wrong or were slow, the newest first. */
import type { PastRequestReply } from '@lb/shared/admin-api/explain';
import { formatClock, formatMs, NONE } from '../model/format.ts';

export function RequestList({ requests }: { readonly requests: readonly PastRequestReply[] }) {
  return (
    <section class="panel requests" aria-labelledby="requests-title">
      <h2 id="requests-title">Failed and slow requests</h2>
      {requests.length === 0 && <p class="empty">None of late.</p>}
      {requests.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="requests-title">
          <table>
            <thead>
              <tr>
                <th>Time</th>
                <th class="number">Took</th>
                <th>Status</th>
                <th>Request</th>
                <th>Backend</th>
                <th>Id</th>
              </tr>
            </thead>
            <tbody>
              {requests.map((request) => (
                <RequestRow key={request.id} request={request} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function RequestRow({ request }: { readonly request: PastRequestReply }) {
  const { id, at, status, method, host, path, pool, backend, tries, totalMs, reason } = request;
  const place = pool === null ? NONE : `${pool}/${backend ?? NONE}`;
  return (
    <tr>
      <td>{formatClock(at)}</td>
      <td class="number">{formatMs(totalMs)}</td>
      <td class={request.kept === 'error' ? 'bad' : ''} title={reason ?? ''}>
        {status} {reason ?? (request.kept === 'slow' ? 'slow' : '')}
      </td>
      <td class="clip" title={`${method} ${host}${path}`}>
        {method} {host}
        {path}
      </td>
      <td class="clip" title={place}>
        {place}
        {tries > 1 && ` (${tries} tries)`}
      </td>
      <td class="clip" title={id}>
        <code>{id}</code>
      </td>
    </tr>
  );
}
