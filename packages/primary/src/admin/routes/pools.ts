/** GET /api/v1/pools and /api/v1/pools/{pool}: the backends with health and the last ten seconds. */
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

/** Every pool. */
export const pools: AdminRoute = {
  path: '/api/v1/pools',
  method: 'GET',
  about: 'every pool with its backends',
  handle: (context) => json(200, { pools: context.pools() }),
};

/** One pool. */
export const pool: AdminRoute = {
  path: '/api/v1/pools/{pool}',
  method: 'GET',
  about: 'one pool with its backends',
  handle: (context, { parameter }) => {
    const found = context.pool(parameter);
    return found === undefined ? refusal(404, `no pool is called ${parameter}`) : json(200, found);
  },
};
