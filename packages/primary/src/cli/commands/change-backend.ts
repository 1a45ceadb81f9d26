/** What drain, enable, disable and weight do the same way: find the backend, change it, say how it is now. */
import { AdminRefused, type AdminClient } from '@lb/shared/admin-api/client';
import type {
  BackendChangeReply,
  BackendChangeRequest,
  BackendReply,
  ErrorReply,
  PoolReply,
} from '@lb/shared/admin-api/contract';
import type { CliContext } from '../cli-context.ts';
import { EXIT } from '../exit-codes.ts';
import { findBackend } from '../find-backend.ts';
import { withInstance, type ClientCall } from './client.ts';

/** What is wanted, and of which backend. */
export interface WantedChange {
  /** `POOL/BACKEND`. */
  readonly target: string;
  readonly change: BackendChangeRequest;
}

/** A backend that was changed. */
export interface ChangedBackend {
  readonly client: AdminClient;
  /** Of the backend in the admin API. */
  readonly path: string;
  readonly backend: BackendReply;
}

/**
 * Changes the backend; the exit code is that of `after`, which prints what is left to say, 2 for a name that is wrong, 4 when
 * a guard refuses.
 */
export function changeBackend(
  call: ClientCall,
  { target, change }: WantedChange,
  after: (changed: ChangedBackend) => Promise<number> = (changed) => printed(call, changed),
): Promise<number> {
  const { output, context } = call;
  return withInstance(call, async (client) => {
    const { pools } = await client.get<{ pools: PoolReply[] }>('/api/v1/pools');
    const found = findBackend(target, pools);
    if (!found.ok) {
      output.error(found.message);
      return EXIT.usage;
    }
    const path = `/api/v1/pools/${encodeURIComponent(found.pool)}/backends/${encodeURIComponent(found.backend)}`;
    try {
      const wish = { ...change, by: whoAsks(context) };
      const { warning, ...backend } = await client.put<BackendChangeReply>(path, wish);
      output.message(`${target}: ${summary(backend)}`);
      if (warning !== null) output.message(warning);
      return await after({ client, path, backend });
    } catch (error) {
      if (!(error instanceof AdminRefused) || error.status !== REFUSED_BY_GUARD) throw error;
      const { error: reason } = error.body as ErrorReply;
      output.error(`refused: ${reason}; --force does it all the same`);
      return EXIT.refused;
    }
  });
}

/** How the instance is told who asks. Whoever has the socket may say anything: this is for people to find each other. */
export function whoAsks({ env, uid }: Pick<CliContext, 'env' | 'uid'>): string {
  const name = env['SUDO_USER'] ?? env['USER'] ?? '';
  return name === '' ? `lbctl (uid ${uid})` : `lbctl (uid ${uid} ${name})`;
}

const REFUSED_BY_GUARD = 409;

async function printed({ options, output }: ClientCall, { backend }: ChangedBackend) {
  if (options.json === true) output.json(backend);
  return EXIT.ok;
}

function summary({ state, weight, effectiveWeight, inFlight }: BackendReply): string {
  const configured = weight === effectiveWeight ? '' : ` (configured: ${weight})`;
  return `${state}, weight ${effectiveWeight}${configured}, ${inFlight} in flight`;
}
