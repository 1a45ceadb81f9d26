/** What `retries` and `hedge` must have to do with the rest of their pool, and what of them is probably not meant. */
import { type Located, type Path, type Problem, at, keyProblem, keysOf } from './located.ts';
import type { PoolConfig } from './schema/root.ts';

/** Methods by which something is done once more each time. @see RFC 9110 section 9.2.2 */
const NOT_IDEMPOTENT: readonly string[] = ['POST', 'PATCH'];

/** A session has one backend; a hedge would take some of its requests to another, unseen. */
export function hedgeRules(root: Located): Problem[] {
  return keysOf(root, 'pools').flatMap((pool) => {
    const isBoth = ['hedge', 'sticky'].every((key) => at(root, 'pools', pool, key)?.kind === 'map');
    if (!isBoth) return [];
    const message = 'a pool with sticky sessions cannot have a hedge: it asks a second backend';
    return [keyProblem(root, ['pools', pool, 'hedge'], message, 'remove one of the two')];
  });
}

/** What is allowed and probably not meant. */
export function retryWarnings(
  name: string,
  { retries, hedge, backends, timeouts }: PoolConfig,
): { readonly path: Path; readonly message: string }[] {
  const path: Path = ['pools', name];
  const found = retries.methods
    .filter((method) => NOT_IDEMPOTENT.includes(method))
    .map((method) => ({
      path: [...path, 'retries', 'methods'],
      message: `${method} is tried again: a backend may do twice what was asked once`,
    }));
  if (retries.perTryTimeout > timeouts.response) {
    const message = 'it is longer than timeouts.response, which ends every try before';
    found.push({ path: [...path, 'retries', 'perTryTimeout'], message });
  }
  if (hedge !== null && backends.length === 1) {
    const message = 'the pool has one backend: there is no second to ask';
    found.push({ path: [...path, 'hedge'], message });
  }
  return found;
}
