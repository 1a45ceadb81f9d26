/** What supervisors, balancers in front and Prometheus ask: /healthz, /readyz, /metrics. */
import type { AdminRoute } from '../router.ts';
import { text } from '../reply.ts';

/** Answers while the primary lives. */
export const healthz: AdminRoute = {
  path: '/healthz',
  method: 'GET',
  about: '200 while the primary lives',
  handle: () => text(200, 'ok'),
};

/** 503 with the reason in one line when no traffic should be sent here. */
export const readyz: AdminRoute = {
  path: '/readyz',
  method: 'GET',
  about: '200 when requests are served, else 503 and why',
  handle: (context) => {
    const { ready, reason } = context.ready();
    return text(ready ? 200 : 503, reason);
  },
};

/** The page for Prometheus. */
export const metrics: AdminRoute = {
  path: '/metrics',
  method: 'GET',
  about: 'Prometheus text, or OpenMetrics by Accept',
  handle: (context, { headers }) => ({
    ...context.metrics(headers.accept),
    headers: { Vary: 'Accept' },
  }),
};
