/** GET /api/v1/stats/stream and /api/v1/stats/history: traffic as it is and as it was. */
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

/** The past, by the second or by the minute. */
export const statsHistory: AdminRoute = {
  path: '/api/v1/stats/history',
  method: 'GET',
  about: 'traffic of the last ?seconds=900, of all, of ?route=, of ?pool= and ?backend=',
  handle: (context, { query }) => {
    const seconds = Number(query.get('seconds') ?? DEFAULT_SECONDS);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS)
      return refusal(400, `seconds: expected a whole number from 1 to ${MOST_SECONDS} (a day)`);
    const [route, pool, backend] = ['route', 'pool', 'backend'].map((name) => query.get(name));
    if (typeof route === 'string' && (typeof pool === 'string' || typeof backend === 'string'))
      return refusal(400, 'expected "route", or "pool" with or without "backend", not both');
    if (typeof backend === 'string' && typeof pool !== 'string')
      return refusal(400, 'backend: goes with "pool"');
    const part = {
      route: route ?? undefined,
      pool: pool ?? undefined,
      backend: backend ?? undefined,
    };
    const history = context.history(part, seconds);
    return history === undefined
      ? refusal(404, 'there is no such route, pool or backend')
      : json(200, history);
  },
};
