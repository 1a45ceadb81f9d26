/**
 * The page, from the top: the verdict, numbers, charts, pools, what happened, and one request explained.
 * What stands below the pools comes with them: it would be pushed down by them.
 */
import type { LiveView } from '../live/live.ts';
import { Charts } from './charts.tsx';
import { EventList } from './event-list.tsx';
import { Explain } from './explain.tsx';
import { Footer } from './footer.tsx';
import { Header } from './header.tsx';
import { Login } from './login.tsx';
import { Pools } from './pools.tsx';
import { RequestList } from './request-list.tsx';
import { Tiles } from './tiles.tsx';
import { Workers } from './workers.tsx';

export function App({ view }: { readonly view: LiveView }) {
  if (view.phase === 'login') return <Login />;
  const isOld = view.phase === 'away' || view.phase === 'paused';
  return (
    <>
      <a class="skip" href="#pools">
        Skip to the pools
      </a>
      <Header view={view} />
      <main class={isOld ? 'old' : ''}>
        <Tiles status={view.status} sample={view.sample} />
        <Charts
          history={view.history}
          range={view.range}
          warning={view.warning}
          status={view.status}
        />
        <Pools pools={view.pools} />
        {view.pools !== null && (
          <div class="columns">
            <EventList events={view.events} />
            <Explain />
            <RequestList requests={view.requests} />
            <Workers status={view.status} />
          </div>
        )}
      </main>
      <Footer status={view.status} />
    </>
  );
}
