/** `Registry.secret` in Redis. */
import type { Script, ScriptRunner } from './script.ts';

const PROPOSE_SECRET: Script = {
  name: 'lbProposeSecret',
  lua: `
-- Keeps a secret where there is none.
-- KEYS    1: the secret
-- ARGV    1: the one that is proposed
-- Result  the one that is kept
-- O(1)
if redis.call('SET', KEYS[1], ARGV[1], 'NX') then return ARGV[1] end
return redis.call('GET', KEYS[1])
`,
};

export async function proposeSecret(
  redis: ScriptRunner,
  key: string,
  proposal: string,
): Promise<string> {
  return (await redis.run(PROPOSE_SECRET, [key], [proposal])) as string;
}
