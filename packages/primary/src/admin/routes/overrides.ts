/** What changes backends at run time: PUT on a backend, GET and DELETE on all that was changed. Each change is counted. */
import type { BackendChangeRequest } from '@lb/shared/admin-api/contract';
import { isWeight, LARGEST_WEIGHT } from '../../overrides/override.ts';
import type { AdminAction } from '../context.ts';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { byFault, whoIs } from '../who-is.ts';
import { unknownKey } from './changes.ts';

/** Longest drain that can be asked for: a week. */
const LONGEST_DEADLINE_MS = 604_800_000;

const KEYS = ['state', 'weight', 'deadlineMs', 'force', 'by'];

/** Drains, disables, enables or reweights a backend; 409 when its pool would be left with nothing. */
export const changeBackend: AdminRoute = {
  path: '/api/v1/pools/{pool}/backends/{backend}',
  method: 'PUT',
  about: '{"state": "enabled" | "drain" | "disabled", "weight": 2}; "force" skips the guard',
  handle: async (context, { parameters: [pool = '', name = ''], body, peer }) => {
    const who = whoIs(body['by'], peer);
    const count = (result: 'ok' | 'refused'): void => {
      for (const action of actionsOf(body)) context.countAction(action, result, who);
    };
    const fault = faultOf(body);
    if (fault !== undefined) {
      count('refused');
      return refusal(400, fault);
    }
    const change = body as BackendChangeRequest;
    const outcome = await context.changeBackend(pool, name, change, who);
    count(outcome.ok ? 'ok' : 'refused');
    return outcome.ok ? json(200, outcome.backend) : refusal(outcome.status, outcome.message);
  },
};

/** Everything that was changed. */
export const overrides: AdminRoute = {
  path: '/api/v1/overrides',
  method: 'GET',
  about: 'what was changed about backends at run time',
  handle: (context) => json(200, context.overrides()),
};

/** Takes all of it back. */
export const clearOverrides: AdminRoute = {
  path: '/api/v1/overrides',
  method: 'DELETE',
  about: 'takes all of it back',
  handle: async (context, { body, peer }) => {
    const { by } = body;
    const fault = unknownKey(body, ['by']) ?? byFault(by);
    const who = whoIs(by, peer);
    context.countAction('overrides_clear', fault === undefined ? 'ok' : 'refused', who);
    if (fault !== undefined) return refusal(400, fault);
    return json(200, await context.clearOverrides(who));
  },
};

const STATE_ACTIONS: Readonly<Record<string, AdminAction>> = {
  drain: 'drain',
  disabled: 'disable',
  enabled: 'enable',
};

/** What a body asks for, as far as it can be told. */
function actionsOf({ state, weight }: Readonly<Record<string, unknown>>): AdminAction[] {
  const action = typeof state === 'string' ? STATE_ACTIONS[state] : undefined;
  return [
    ...(action === undefined ? [] : [action]),
    ...(weight === undefined ? [] : ['weight' as const]),
  ];
}

/** What is wrong with the body of a change, and what is allowed. */
function faultOf(body: Readonly<Record<string, unknown>>): string | undefined {
  const { state, weight, deadlineMs, force, by } = body;
  if (state === undefined && weight === undefined) {
    return unknownKey(body, KEYS) ?? 'nothing to change: expected "state", "weight" or both';
  }
  if (state !== undefined && !(typeof state === 'string' && Object.hasOwn(STATE_ACTIONS, state)))
    return 'state: expected "enabled", "drain" or "disabled"';
  if (weight !== undefined && weight !== null && !isWeight(weight))
    return `weight: expected a whole number from 0 to ${LARGEST_WEIGHT}, or null for the configured one`;
  if (force !== undefined && typeof force !== 'boolean') return 'force: expected true or false';
  return unknownKey(body, KEYS) ?? deadlineFault(deadlineMs, state) ?? byFault(by);
}

function deadlineFault(value: unknown, state: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (state !== 'drain') return 'deadlineMs: goes with "state": "drain"';
  const fits =
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= 1 &&
    value <= LONGEST_DEADLINE_MS;
  return fits
    ? undefined
    : `deadlineMs: expected a whole number from 1 to ${LONGEST_DEADLINE_MS} (a week)`;
}
