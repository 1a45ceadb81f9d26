/** GET /api/v1/pools and below: the backends with health and the last ten seconds. */
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
  handle: (context, { parameters: [name = ''] }) => {
    const found = context.pool(name);
    return found === undefined ? refusal(404, `no pool is called ${name}`) : json(200, found);
  },
};

/** One backend of a pool. */
export const backend: AdminRoute = {
  path: '/api/v1/pools/{pool}/backends/{backend}',
  method: 'GET',
  about: 'one backend of a pool',
  handle: (context, { parameters: [poolName = '', name = ''] }) => {
    const found = context.backend(poolName, name);
    if (found !== undefined) return json(200, found);
    return context.pool(poolName) === undefined
      ? refusal(404, `no pool is called ${poolName}`)
      : refusal(404, `pool ${poolName} has no backend ${name}`);
  },
};
