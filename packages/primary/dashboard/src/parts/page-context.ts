/** What parts of the page need beside what they show. */
import type { Clock } from '@lb/shared/time/clock';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import type { Live } from '../live/live.ts';

export interface PageContext {
  readonly api: Api;
  readonly live: Live;
  readonly clock: Clock;
}

const Context = createContext<PageContext | undefined>(undefined);

/** Gives it to everything below. */
export const PageProvider = Context.Provider;

/** @throws Error outside of the page */
export function usePage(): PageContext {
  const context = useContext(Context);
  if (context === undefined) throw new Error('no page around this part');
  return context;
}
