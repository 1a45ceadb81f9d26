/** POST /api/v1/plan: what a reload would do. Changes nothing, and is not counted. */
import type { PlanReply, ReloadRefusal } from '@lb/shared/admin-api/contract';
import type { CandidateText } from '../context.ts';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { unknownKey } from './changes.ts';

const KEYS = ['path', 'shown', 'text'] as const;

/** A configuration may be long: ten thousand backends are one megabyte. */
const LONGEST_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Compares the file with what is in force, or another text. Security: a text may name files, which are read as the
 * instance's user, and mistakes show lines of it; so it is taken from the control socket alone, which is that user's own.
 */
export const plan: AdminRoute = {
  path: '/api/v1/plan',
  method: 'POST',
  about: 'what a reload would change, and what that does to traffic',
  maxBodyBytes: LONGEST_TEXT_BYTES,
  handle: async (context, { body, isControlSocket }) => {
    const candidate = candidateOf(body);
    const fault = unknownKey(body, KEYS) ?? (candidate === 'malformed' ? MALFORMED : undefined);
    if (fault !== undefined || candidate === 'malformed') return refusal(400, fault ?? MALFORMED);
    if (candidate !== undefined && !isControlSocket)
      return refusal(403, 'another text is compared over the control socket only');
    const outcome = await context.plan(candidate);
    return outcome.ok
      ? json(200, { changes: outcome.changes } satisfies PlanReply)
      : json(422, { errors: outcome.errors } satisfies ReloadRefusal);
  },
};

const MALFORMED = 'expected path, shown and text together, or none of them';

/** Undefined when the file is meant. */
function candidateOf(
  body: Readonly<Record<string, unknown>>,
): CandidateText | undefined | 'malformed' {
  const { path, shown, text } = body;
  if (KEYS.every((key) => body[key] === undefined)) return undefined;
  if (typeof path !== 'string' || typeof shown !== 'string' || typeof text !== 'string')
    return 'malformed';
  return { path, shown, text };
}
