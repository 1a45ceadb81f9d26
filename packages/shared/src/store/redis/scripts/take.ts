/** `Store.take` in Redis. */
import { levelOf } from '../../bucket-level.ts';
import type { Bucket, Taken } from '../../store.ts';
import type { Script, ScriptRunner } from './script.ts';

const TAKE: Script = {
  name: 'lbTake',
  lua: `
-- Takes tokens out of buckets by the generic cell rate algorithm: as many as each of them has, the same number out of each, or
-- nothing out of any.
-- KEYS    the buckets. Kept is when one will be full, in microseconds since 2026; a full one is not kept.
-- ARGV    1: tokens wanted; then for each bucket: microseconds in which a token comes back, tokens in a full one
-- Result  tokens taken out of each; then for each bucket, as text, the microseconds until it is full
-- Error   DAMAGED <key>: something else is kept there
-- O(number of buckets)
local EPOCH_S = 1767225600 -- of numbers since 1970 a double would keep quarters of a microsecond only
local time = redis.call('TIME')
local now = (time[1] - EPOCH_S) * 1e6 + time[2]

local granted = tonumber(ARGV[1])
local missing, isOver = {}, {}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local kept = redis.pcall('GET', key)
  local full = not kept and now or type(kept) == 'string' and tonumber(kept)
  if not full then return redis.error_reply('DAMAGED ' .. key) end
  -- The limit may have been another one when tokens were taken last: emptier than empty is nothing.
  isOver[i] = full - now > burst * interval
  missing[i] = math.min(math.max(0, full - now), burst * interval)
  granted = math.min(granted, math.floor(burst - missing[i] / interval + 1e-6))
end

local result = { granted }
for i, key in ipairs(KEYS) do
  if granted > 0 or isOver[i] then
    missing[i] = missing[i] + granted * tonumber(ARGV[2 * i])
    local full = string.format('%.17g', now + missing[i])
    redis.call('SET', key, full, 'PX', math.ceil(missing[i] / 1000))
  end
  result[i + 1] = string.format('%.17g', missing[i])
end
return result
`,
};

/** @param keys of the buckets, in their order */
export async function take(
  redis: ScriptRunner,
  keys: readonly string[],
  buckets: readonly Bucket[],
  want: number,
): Promise<Taken> {
  const limits = buckets.flatMap(({ intervalUs, burst }) => [intervalUs, burst]);
  const reply = await redis.run(TAKE, keys, [want, ...limits]);
  const [granted, ...missingUs] = reply as [number, ...string[]];
  const levels = buckets.map((bucket, index) => levelOf(bucket, Number(missingUs[index])));
  return { granted, levels };
}
