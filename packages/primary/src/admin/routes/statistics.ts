/** GET /api/v1/stats/stream and /api/v1/stats/history: traffic as it is and as it was. */
import type { HistoryQuestion } from '../context.ts';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

const DEFAULT_SECONDS = 900;
const MOST_SECONDS = 86_400;

/** A sample a second, as server-sent events. */
export const statsStream: AdminRoute = {
  path: '/api/v1/stats/stream',
  method: 'GET',
  about: 'traffic, one sample a second, as server-sent events',
  handle: (context) => ({ events: (tell) => context.watchStats((data) => tell({ data })) }),
};

/** The past: the last day from memory, any stretch of time where there is a database. */
export const statsHistory: AdminRoute = {
  path: '/api/v1/stats/history',
  method: 'GET',
  about:
    'traffic of the last ?seconds=900, or ?from= a time, &to=, &step=60; of all, of ?route=, of ?pool= and ?backend=',
  handle: async (context, { query }) => {
    const [route, pool, backend] = ['route', 'pool', 'backend'].map((name) => query.get(name));
    if (typeof route === 'string' && (typeof pool === 'string' || typeof backend === 'string'))
      return refusal(400, 'expected "route", or "pool" with or without "backend", not both');
    if (typeof backend === 'string' && typeof pool !== 'string')
      return refusal(400, 'backend: goes with "pool"');
    const asked = questionIn(query);
    if (typeof asked === 'string') return refusal(400, asked);
    const part = {
      route: route ?? undefined,
      pool: pool ?? undefined,
      backend: backend ?? undefined,
    };
    const outcome = await context.history(part, asked);
    return outcome.ok ? json(200, outcome.reply) : refusal(outcome.status, outcome.message);
  },
};

/** What is asked for, or why that makes no sense. */
function questionIn(query: URLSearchParams): HistoryQuestion | string {
  const [seconds, from, to, step] = ['seconds', 'from', 'to', 'step'].map((name) =>
    query.get(name),
  );
  if (typeof from !== 'string') {
    if (typeof to === 'string' || typeof step === 'string')
      return '"to" and "step": go with "from"';
    const count = Number(seconds ?? DEFAULT_SECONDS);
    if (isWhole(count, MOST_SECONDS)) return { seconds: count };
    return `seconds: expected a whole number from 1 to ${MOST_SECONDS} (a day); "from" goes further back`;
  }
  if (typeof seconds === 'string') return 'expected "seconds" or "from", not both';
  const [fromMs, toMs] = [from, to].map((text) => momentOf(text ?? undefined));
  if (fromMs === undefined || (typeof to === 'string' && toMs === undefined))
    return 'from, to: expected a time such as 2026-01-31T12:00:00Z';
  const stepSeconds = typeof step === 'string' ? Number(step) : undefined;
  if (stepSeconds !== undefined && !isWhole(stepSeconds, MOST_SECONDS))
    return `step: expected whole seconds from 1 to ${MOST_SECONDS}`;
  return { fromMs, toMs, stepSeconds };
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function momentOf(text: string | undefined): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
