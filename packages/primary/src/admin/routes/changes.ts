/** POST /api/v1/reload and /api/v1/stop: what is done to the instance as a whole. Each is counted, done or refused. */
import type { ReloadRefusal, ReloadReply, StopReply } from '@lb/shared/admin-api/contract';
import { DURATION_PATTERN, parseDuration } from '@lb/shared/config/units';
import { LONGEST_GUARD_MS, SHORTEST_GUARD_MS } from '../../config/reload-guard.ts';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

/** Longest drain that can be asked for: a day. */
const LONGEST_STOP_MS = 86_400_000;

/**
 * Reads the file again; 422 with every mistake when it is refused, and then nothing was changed. With `guard`, the answer
 * comes when the guard is over.
 */
export const reload: AdminRoute = {
  path: '/api/v1/reload',
  method: 'POST',
  about:
    'reads the configuration again; 422 lists what is wrong with it; {"guard": "30s"} may go back',
  handle: async (context, { body, peer }) => {
    const { guard } = body;
    const fault = unknownKey(body, ['guard']) ?? guardFault(guard);
    if (fault !== undefined) {
      context.countAction('reload', 'refused', peer);
      return refusal(400, fault);
    }
    const outcome = await context.reload(
      typeof guard === 'string' ? parseDuration(guard) : undefined,
    );
    context.countAction('reload', outcome.ok ? 'ok' : 'refused', peer);
    if (!outcome.ok) return json(422, { errors: outcome.errors } satisfies ReloadRefusal);
    const { ok: _, ...reply } = outcome;
    const applied = reply.guard?.verdict !== 'reverted';
    return json(200, { applied, ...reply } satisfies ReloadReply);
  },
};

/** Begins a graceful stop. */
export const stop: AdminRoute = {
  path: '/api/v1/stop',
  method: 'POST',
  about: 'graceful stop; {"timeoutMs": 30000} bounds it',
  handle: (context, { body, peer }) => {
    const { timeoutMs } = body as { readonly timeoutMs?: unknown };
    const fault = unknownKey(body, ['timeoutMs']) ?? timeoutFault(timeoutMs);
    context.countAction('stop', fault === undefined ? 'ok' : 'refused', peer);
    if (fault !== undefined) return refusal(400, fault);
    context.stop(typeof timeoutMs === 'number' ? timeoutMs : undefined);
    return json(202, { draining: true } satisfies StopReply);
  },
};

/** What is wrong with the keys of a body, or undefined. */
export function unknownKey(
  body: Readonly<Record<string, unknown>>,
  known: readonly string[],
): string | undefined {
  const key = Object.keys(body).find((each) => !known.includes(each));
  if (key === undefined) return undefined;
  const allowed = known.length === 0 ? 'none is allowed' : `allowed: ${known.join(', ')}`;
  return `unknown key ${JSON.stringify(key)}; ${allowed}`;
}

function guardFault(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' && DURATION_PATTERN.test(value) ? parseDuration(value) : 0;
  const fits = ms >= SHORTEST_GUARD_MS && ms <= LONGEST_GUARD_MS;
  return fits ? undefined : 'guard: expected a duration from "1s" to "1h"';
}

function timeoutFault(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const fits =
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LONGEST_STOP_MS;
  return fits ? undefined : `timeoutMs: expected a whole number from 0 to ${LONGEST_STOP_MS}`;
}
