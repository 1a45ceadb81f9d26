/** Which candidates a policy passes over; the same for all policies. */
import type { Candidate } from './policy.ts';

/** Whether a try may go there: it had none of this request yet, and has room. */
export function mayTake(candidate: Candidate, tried: readonly Candidate[]): boolean {
  return candidate.hasRoom && !tried.includes(candidate);
}

/** Whether it may go to any of them. Asks one where nothing is tried or full. */
export function anyMayTake(candidates: readonly Candidate[], tried: readonly Candidate[]): boolean {
  for (const candidate of candidates) if (mayTake(candidate, tried)) return true;
  return false;
}
