/** Which addresses have answers with a tag. */
import type { Script, ScriptRunner } from './script.ts';

const TAG_ANSWER: Script = {
  name: 'lbTagAnswer',
  lua: `
-- Writes down that an address has an answer with a tag, and strikes out those whose answers are gone.
-- KEYS    1: the tag, a sorted set: address, by when its answers are gone, in milliseconds since 1970
-- ARGV    1: the address; 2: milliseconds that its answer is of use
-- Result  nothing
-- O(log addresses), and those that are struck out
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + ARGV[2]), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
`,
};

export async function tagAnswer(
  redis: ScriptRunner,
  key: string,
  address: string,
  usefulMs: number,
): Promise<void> {
  await redis.run(TAG_ANSWER, [key], [address, usefulMs]);
}
