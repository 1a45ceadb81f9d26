/** Entry of the page: builds what it is made of, and draws it when something changed and somebody looks. */
import { systemClock } from '@lb/shared/time/clock';
import { render } from 'preact';
import { Api } from './api/api.ts';
import { Live } from './live/live.ts';
import { App } from './parts/app.tsx';
import { PageProvider } from './parts/page-context.ts';

/** A glance at another tab is no reason to begin anew. */
const PAUSE_AFTER_MS = 10_000;

const api = new Api((path, init) => fetch(path, { ...init, cache: 'no-store' }));
let isDrawing = false;
const live = new Live({
  api,
  clock: systemClock,
  onChange: () => {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(draw);
  },
});
const page = { api, live, clock: systemClock };
let pausing: ReturnType<typeof setTimeout> | undefined;

document.addEventListener('visibilitychange', followVisibility);
live.start();
followVisibility();

/** A login that is asked for waits for whoever comes back. */
function followVisibility(): void {
  clearTimeout(pausing);
  const { phase } = live.view;
  if (!document.hidden && phase === 'paused') live.start();
  if (document.hidden && phase !== 'login')
    pausing = setTimeout(() => live.pause(), PAUSE_AFTER_MS);
}

function draw(): void {
  isDrawing = false;
  render(
    <PageProvider value={page}>
      <App view={live.view} />
    </PageProvider>,
    document.body,
  );
}
