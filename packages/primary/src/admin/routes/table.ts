/** Every path of the admin server, in the order of the index at `/`. */
import { text } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { caches, purgeCache } from './cache.ts';
import { reload, stop } from './changes.ts';
import { config, routes } from './config.ts';
import { events } from './events.ts';
import { logs } from './logs.ts';
import { login, loginNeed, logout } from './login.ts';
import { changeBackend, clearOverrides, overrides } from './overrides.ts';
import { plan } from './plan.ts';
import { backend, pool, pools } from './pools.ts';
import { healthz, metrics, readyz } from './probes.ts';
import { explain, request, requests } from './requests.ts';
import { statsHistory, statsStream } from './statistics.ts';
import { status } from './status.ts';

const PATHS: readonly AdminRoute[] = [
  healthz,
  readyz,
  metrics,
  status,
  pools,
  pool,
  backend,
  changeBackend,
  overrides,
  clearOverrides,
  caches,
  purgeCache,
  routes,
  config,
  statsStream,
  statsHistory,
  events,
  logs,
  explain,
  requests,
  request,
  plan,
  reload,
  stop,
  loginNeed,
  login,
  logout,
];

/** GET /: what there is. */
const index: AdminRoute = {
  path: '/',
  method: 'GET',
  about: 'this list',
  handle: () => {
    const lines = PATHS.map(
      ({ method, path, about }) => `${method.padEnd(6)} ${path.padEnd(40)} ${about}`,
    );
    return text(200, ['lbctl admin', '', ...lines].join('\n'));
  },
};

/** The table that `dispatch` looks into. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [index, ...PATHS];
