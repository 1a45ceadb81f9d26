/** `Registry.beat` in Redis. */
import type { Beat } from '../../registry.ts';
import type { Script, ScriptRunner } from './script.ts';

const BEAT: Script = {
  name: 'lbBeat',
  lua: `
-- An instance says that it lives, and hears who else does.
-- KEYS    1: the instances, a hash: id -> "<until when it lives, in milliseconds since 1970> <facts>"; 2: the overrides, a hash
-- ARGV    1: id of the instance; 2: its facts; 3: milliseconds that it lives from now
-- Result  { facts of those that live, by their ids }, { field, value, field, value, ... of the overrides }
-- O(instances x log instances + overrides)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[3]) .. ' ' .. ARGV[2])

local known = redis.call('HGETALL', KEYS[1])
local ids, facts, last = {}, {}, now
for i = 1, #known, 2 do
  local id, till, said = known[i], known[i + 1]:match('^(%d+) (.*)$')
  if till and tonumber(till) > now then
    ids[#ids + 1], facts[id], last = id, said, math.max(last, tonumber(till))
  else
    redis.call('HDEL', KEYS[1], id)
  end
end
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))

table.sort(ids)
for i, id in ipairs(ids) do ids[i] = facts[id] end
return { ids, redis.call('HGETALL', KEYS[2]) }
`,
};

export interface Instance {
  readonly id: string;
  readonly facts: string;
  /** Whole milliseconds. */
  readonly ttlMs: number;
}

export async function beat(
  redis: ScriptRunner,
  keys: { readonly instances: string; readonly overrides: string },
  { id, facts, ttlMs }: Instance,
): Promise<Beat> {
  const reply = await redis.run(BEAT, [keys.instances, keys.overrides], [id, facts, ttlMs]);
  const [instances, flat] = reply as [string[], string[]];
  const overrides = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) overrides.set(flat[i] ?? '', flat[i + 1] ?? '');
  return { instances, overrides };
}
