/** GET /api/v1/status: version, workers, listeners, totals. */
import { json } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

/** The state of the instance in one answer. */
export const status: AdminRoute = {
  path: '/api/v1/status',
  method: 'GET',
  about: 'version, configuration, workers, listeners, totals',
  handle: (context) => json(200, context.status()),
};
