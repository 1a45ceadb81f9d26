/** Finds the backend that POOL/BACKEND on the command line means. */
import type { PoolReply } from '@lb/shared/admin-api/contract';
import { didYouMean } from '@lb/shared/config/suggest';

/** Names as the instance has them, or what to tell the user. */
export type FoundBackend =
  | { readonly ok: true; readonly pool: string; readonly backend: string }
  | { readonly ok: false; readonly message: string };

/** Names of pools have no slash, those of backends may. */
export function findBackend(text: string, pools: readonly PoolReply[]): FoundBackend {
  const slash = text.indexOf('/');
  const [pool, backend] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)];
  if (pool === '' || backend === '')
    return { ok: false, message: `${text}: expected POOL/BACKEND, such as web/10.0.0.7:8080` };
  const found = pools.find(({ name }) => name === pool);
  if (found === undefined) return unknown(`no pool is called "${pool}"`, pool, pools);
  if (found.backends.some(({ name }) => name === backend)) return { ok: true, pool, backend };
  return unknown(`pool ${pool} has no backend "${backend}"`, backend, found.backends);
}

function unknown(
  problem: string,
  name: string,
  known: readonly { readonly name: string }[],
): FoundBackend {
  const names = known.map((each) => each.name);
  const hint = didYouMean(name, names) ?? '"lbctl backends" lists what there is';
  return { ok: false, message: `${problem}; ${hint}` };
}
