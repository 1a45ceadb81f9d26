/** `Store.bind` in Redis. */
import type { Script, ScriptRunner } from './script.ts';

const BIND: Script = {
  name: 'lbBind',
  lua: `
-- Says which backend a session belongs to; one that has none, or has the one that is gone, gets the proposed one.
-- KEYS    1: the session
-- ARGV    1: the backend that is proposed; 2: milliseconds that the session lives from now; 3, may be left out: the one that is
--         gone
-- Result  the backend
-- O(1)
local backend = redis.call('GET', KEYS[1])
if not backend or backend == ARGV[3] then backend = ARGV[1] end
redis.call('SET', KEYS[1], backend, 'PX', ARGV[2])
return backend
`,
};

export interface Proposal {
  readonly backend: string;
  /** Whole milliseconds. */
  readonly ttlMs: number;
  /** Name of a backend that the session cannot go to any more. */
  readonly gone: string | undefined;
}

export async function bind(
  redis: ScriptRunner,
  key: string,
  { backend, ttlMs, gone }: Proposal,
): Promise<string> {
  const args = gone === undefined ? [backend, ttlMs] : [backend, ttlMs, gone];
  return (await redis.run(BIND, [key], args)) as string;
}
