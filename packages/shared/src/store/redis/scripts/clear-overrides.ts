/** `Registry.clearOverrides` in Redis. */
import type { Script, ScriptRunner } from './script.ts';

const CLEAR_OVERRIDES: Script = {
  name: 'lbClearOverrides',
  lua: `
-- Deletes all overrides.
-- KEYS    1: the overrides
-- ARGV    none
-- Result  how many there were
-- O(overrides)
local count = redis.call('HLEN', KEYS[1])
redis.call('DEL', KEYS[1])
return count
`,
};

export async function clearOverrides(redis: ScriptRunner, key: string): Promise<number> {
  return (await redis.run(CLEAR_OVERRIDES, [key], [])) as number;
}
