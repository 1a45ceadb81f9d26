/** GET /api/v1/routes and /api/v1/config: what the configuration says, without its secrets. */
import { redact } from '../redact.ts';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

/** The routes in the order in which they are tried. */
export const routes: AdminRoute = {
  path: '/api/v1/routes',
  method: 'GET',
  about: 'the routes, in the order in which they are tried',
  handle: (context) => json(200, { routes: redact(context.routes()) }),
};

/** The configuration; with `?resolved` every default is filled in. */
export const config: AdminRoute = {
  path: '/api/v1/config',
  method: 'GET',
  about: 'the configuration; ?resolved fills in the defaults; secrets are redacted',
  handle: (context, { query }) => {
    const resolved = query.get('resolved');
    if (resolved !== null && !['', 'true', 'false', '1', '0'].includes(resolved))
      return refusal(400, 'expected ?resolved, ?resolved=true or ?resolved=false');
    const filledIn = resolved !== null && resolved !== 'false' && resolved !== '0';
    return json(200, redact(context.config(filledIn)));
  },
};
