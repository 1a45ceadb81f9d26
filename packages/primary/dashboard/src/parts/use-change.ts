/** One change at a time: whether it is under way, and why it was refused. */
import { useState } from 'preact/hooks';
import { LoginNeeded, Refused } from '../api/api.ts';
import { usePage } from './page-context.ts';

export interface Change {
  readonly isUnderWay: boolean;
  readonly refusal: Refused | Error | undefined;
  /** Runs it; what is shown is asked for anew afterwards. Settles with whether it was done. */
  run(change: () => Promise<unknown>): Promise<boolean>;
}

export function useChange(): Change {
  const { live } = usePage();
  const [isUnderWay, setUnderWay] = useState(false);
  const [refusal, setRefusal] = useState<Error | undefined>(undefined);
  const run = async (change: () => Promise<unknown>): Promise<boolean> => {
    setUnderWay(true);
    setRefusal(undefined);
    try {
      await change();
      return true;
    } catch (error) {
      setRefusal(error instanceof Error ? error : new Error(String(error)));
      return false;
    } finally {
      setUnderWay(false);
      live.refresh();
    }
  };
  return { isUnderWay, refusal, run };
}

/** True for a refusal that goes with `force`. */
export function isGuarded(refusal: Error | undefined): boolean {
  return refusal instanceof Refused && refusal.status === 409;
}

/** What to tell people. */
export function refusalText(refusal: Error): string {
  if (refusal instanceof Refused) return `Refused: ${refusal.message}`;
  if (refusal instanceof LoginNeeded) return 'The session is over: log in again.';
  return `No answer: ${refusal.message}`;
}
