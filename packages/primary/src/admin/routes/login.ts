/** /api/v1/login and /api/v1/logout: how the dashboard gets in where a token is set. */
import type { LoginNeedReply, LoginReply } from '@lb/shared/admin-api/login';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { unknownKey } from './changes.ts';

/** Whether there is a token to log in with. */
export const loginNeed: AdminRoute = {
  path: '/api/v1/login',
  method: 'GET',
  about: 'whether a token is asked for',
  handle: (_context, { door }) =>
    json(200, { required: door?.isLocked === true } satisfies LoginNeedReply),
};

/** Gives a session cookie for the token. */
export const login: AdminRoute = {
  path: '/api/v1/login',
  method: 'POST',
  about: '{"token": "..."}: a session for a browser, as a cookie',
  handle: (context, { body, peer, door }) => {
    const { token } = body;
    const fault =
      unknownKey(body, ['token']) ??
      (typeof token === 'string' ? undefined : 'token: expected a text');
    if (fault !== undefined) return refusal(400, fault);
    const outcome = door?.login(String(token), peer) ?? null;
    const isRefused = typeof outcome === 'object' && outcome !== null;
    context.countAction('login', isRefused ? 'refused' : 'ok', peer);
    if (isRefused) return outcome;
    const remember = outcome === null ? {} : { 'Set-Cookie': outcome };
    return json(200, { loggedIn: true } satisfies LoginReply, remember);
  },
};

/** Ends it. */
export const logout: AdminRoute = {
  path: '/api/v1/logout',
  method: 'POST',
  about: 'ends the session',
  handle: (_context, { body, headers, door }) => {
    const fault = unknownKey(body, []);
    if (fault !== undefined) return refusal(400, fault);
    const forget = door === undefined ? {} : { 'Set-Cookie': door.logout(headers.cookie) };
    return json(200, { loggedIn: false } satisfies LoginReply, forget);
  },
};
