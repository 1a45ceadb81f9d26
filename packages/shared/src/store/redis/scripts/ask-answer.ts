/** `AnswerStore.ask` in Redis. */
import type { AnswerPlace, LeaseClaim } from '../../answers.ts';
import type { Script, ScriptRunner } from './script.ts';

const ASK_ANSWER: Script = {
  name: 'lbAskAnswer',
  lua: `
-- Looks for an answer, and takes the lease to fetch it where it is not there or not fresh.
-- KEYS    1: the address, a hash: "vary" -> names; for each variant "e:<variant>" -> the answer, "t:<variant>" -> "<when it was
--         kept> <until when it is fresh>", "l:<variant>" -> "<until when the lease lasts> <whose it is>"; times in milliseconds
-- ARGV    1: the names that answers are taken to differ by; 2: the variant; 3: whose the lease would be, '' to look only;
--         4: milliseconds that it would last
-- Result  { "varies", names } | { "stored" | "yours", answer, milliseconds since it was kept } | { "yours" | "taken" | "passed" | "none" }
-- O(1)
local key, variant, token = KEYS[1], ARGV[2], ARGV[3]
local found = redis.call('HMGET', key, 'vary', 't:' .. variant, 'l:' .. variant)
if found[1] and found[1] ~= ARGV[1] then return { 'varies', found[1] } end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept, fresh = (found[2] or ''):match('^(%d+) (%d+)$')
local answer = kept and redis.call('HGET', key, 'e:' .. variant)
local age = kept and string.format('%.0f', math.max(0, now - kept))
if answer and tonumber(fresh) > now then return { 'stored', answer, age } end
if token == '' then return { 'none' } end

local till, holder = (found[3] or ''):match('^(%d+) (.*)$')
if till and tonumber(till) > now and holder ~= token then return { holder == '' and 'passed' or 'taken' } end
redis.call('HSET', key, 'l:' .. variant, string.format('%.0f ', now + ARGV[4]) .. token)
if redis.call('PTTL', key) < tonumber(ARGV[4]) then redis.call('PEXPIRE', key, ARGV[4]) end
if answer then return { 'yours', answer, age } end
return { 'yours' }
`,
};

export interface AskReply {
  readonly kind: 'varies' | 'stored' | 'yours' | 'taken' | 'passed' | 'none';
  /** The answer, or the names that answers differ by. */
  readonly bytes: Buffer | undefined;
  readonly ageMs: number;
}

export async function askAnswer(
  redis: ScriptRunner,
  { vary, variant }: AnswerPlace,
  key: string,
  claim: LeaseClaim | undefined,
): Promise<AskReply> {
  const args = [vary, variant, claim?.token ?? '', claim?.ms ?? 0];
  const reply = (await redis.runForBytes(ASK_ANSWER, [key], args)) as Buffer[];
  const [kind, bytes, age] = reply;
  return {
    kind: String(kind) as AskReply['kind'],
    bytes,
    ageMs: age === undefined ? 0 : Number(age.toString('latin1')),
  };
}
