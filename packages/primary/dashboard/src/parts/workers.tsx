/** The processes of this instance, its listeners, and the other instances. */
import type { StatusReply } from '@lb/shared/admin-api/contract';
import { formatBytes, formatCount, formatMs } from '../model/format.ts';

export function Workers({ status }: { readonly status: StatusReply | null }) {
  return (
    <section class="panel workers" aria-labelledby="workers-title">
      <h2 id="workers-title">Workers and listeners</h2>
      {status === null && <p class="empty">Not known yet.</p>}
      {status !== null && (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="workers-title">
          <WorkerTable workers={status.workers} />
          <ListenerTable listeners={status.listeners} />
          {status.instances.length > 1 && <InstanceTable instances={status.instances} />}
        </div>
      )}
    </section>
  );
}

function WorkerTable({ workers }: Pick<StatusReply, 'workers'>) {
  return (
    <table>
      <thead>
        <tr>
          <th>Worker</th>
          <th>State</th>
          <th class="number">Connections</th>
          <th class="number">Requests</th>
          <th class="number">Loop delay</th>
          <th class="number">Memory</th>
        </tr>
      </thead>
      <tbody>
        {workers.map(({ id, pid, state, connections, requests, eventLoopDelayMs, rssBytes }) => (
          <tr key={pid}>
            <td>
              {id} <small>pid {pid}</small>
            </td>
            <td class={state === 'running' ? '' : 'warn'}>{state}</td>
            <td class="number">{formatCount(connections)}</td>
            <td class="number">{formatCount(requests)}</td>
            <td class="number">{formatMs(eventLoopDelayMs)}</td>
            <td class="number">{formatBytes(rssBytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ListenerTable({ listeners }: Pick<StatusReply, 'listeners'>) {
  return (
    <table>
      <thead>
        <tr>
          <th>Listener</th>
          <th>Address</th>
          <th class="number">Connections</th>
        </tr>
      </thead>
      <tbody>
        {listeners.map(({ name, address, connections }) => (
          <tr key={name}>
            <td>{name}</td>
            <td>{address}</td>
            <td class="number">{formatCount(connections)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function InstanceTable({ instances }: Pick<StatusReply, 'instances'>) {
  return (
    <table>
      <thead>
        <tr>
          <th>Instance</th>
          <th>Version</th>
          <th>Configuration</th>
          <th class="number">Workers</th>
        </tr>
      </thead>
      <tbody>
        {instances.map(({ id, host, pid, version, configHash, workers, isSelf }) => (
          <tr key={id}>
            <td>
              {host} <small>pid {pid}</small>
              {isSelf && ' (this one)'}
            </td>
            <td>{version}</td>
            <td>
              <code>{configHash.slice(0, 8)}</code>
            </td>
            <td class="number">{workers}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
