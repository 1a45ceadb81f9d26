/** `AnswerStore.hold` and `AnswerStore.letGo` in Redis. */
import type { Script, ScriptRunner } from './script.ts';

const HOLD_LEASE: Script = {
  name: 'lbHoldLease',
  lua: `
-- Has a lease last from now on, be somebody else's word that the answer is not for others, or end.
-- KEYS    1: the address, a hash: see ask-answer.ts
-- ARGV    1: the variant; 2: whose the lease is; 3: whose it is to be, '' for nobody's: others see that it was passed;
--         4: milliseconds that it lasts from now, 0 to end it
-- Result  1 when it was the caller's, 0 when it is lost
-- O(1)
local key, field = KEYS[1], 'l:' .. ARGV[1]
local holder = (redis.call('HGET', key, field) or ''):match('^%d+ (.*)$')
if holder ~= ARGV[2] then return 0 end
if ARGV[4] == '0' then
  redis.call('HDEL', key, field)
  return 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', key, field, string.format('%.0f ', now + ARGV[4]) .. ARGV[3])
if redis.call('PTTL', key) < tonumber(ARGV[4]) then redis.call('PEXPIRE', key, ARGV[4]) end
return 1
`,
};

export interface LeaseChange {
  readonly variant: string;
  readonly token: string;
  /** '' for nobody's. */
  readonly nextToken: string;
  /** Whole milliseconds; 0 ends it. */
  readonly ms: number;
}

/** Returns false when the lease is lost. */
export async function holdLease(
  redis: ScriptRunner,
  key: string,
  { variant, token, nextToken, ms }: LeaseChange,
): Promise<boolean> {
  return (await redis.run(HOLD_LEASE, [key], [variant, token, nextToken, ms])) === 1;
}
