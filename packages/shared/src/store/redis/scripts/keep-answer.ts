/** `AnswerStore.keep` in Redis. */
import type { AnswerPlace, HeldLease, Keeping } from '../../answers.ts';
import type { Script, ScriptRunner } from './script.ts';

const KEEP_ANSWER: Script = {
  name: 'lbKeepAnswer',
  lua: `
-- Keeps an answer and ends the lease by which it was fetched; keeps nothing when the lease is lost.
-- KEYS    1: the address, a hash: see ask-answer.ts
-- ARGV    1: names that its answers differ by; 2: the variant; 3: variant of the lease; 4: whose it is, '' for none; 5: milliseconds
--         that the answer is fresh; 6: that it is of use; 7: most variants of an address; 8: the answer
-- Result  1 when it is kept, 0 when not
-- O(1); O(variants) when all of them go
local key, vary, variant, token = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
if token ~= '' then
  local holder = (redis.call('HGET', key, 'l:' .. ARGV[3]) or ''):match('^%d+ (.*)$')
  if holder ~= token then return 0 end
  redis.call('HDEL', key, 'l:' .. ARGV[3])
end
-- Those that differ by something else cannot be found any more; and a client that makes up variants takes no more than its share.
local before = redis.call('HGET', key, 'vary')
if before and before ~= vary or redis.call('HLEN', key) > 3 * ARGV[7] then redis.call('DEL', key) end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left = redis.call('PTTL', key)
local times = string.format('%.0f %.0f', now, now + ARGV[5])
redis.call('HSET', key, 'vary', vary, 'e:' .. variant, ARGV[8], 't:' .. variant, times)
redis.call('PEXPIRE', key, string.format('%.0f', math.max(left, ARGV[6])))
return 1
`,
};

/** A page in all languages and encodings has fewer. */
const MOST_VARIANTS = 100;

export async function keepAnswer(
  redis: ScriptRunner,
  { place, key }: { readonly place: AnswerPlace; readonly key: string },
  { bytes, freshMs, usefulMs }: Keeping,
  lease: HeldLease | undefined,
): Promise<void> {
  const { vary, variant } = place;
  const held = [lease?.place.variant ?? '', lease?.token ?? ''];
  const args = [vary, variant, ...held, freshMs, usefulMs, MOST_VARIANTS, bytes];
  await redis.run(KEEP_ANSWER, [key], args);
}
