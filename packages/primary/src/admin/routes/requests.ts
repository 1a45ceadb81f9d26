/** POST /api/v1/explain and GET /api/v1/requests: one request that might come, and those that came. */
import { isIP } from 'node:net';
import type { ExplainRequest } from '@lb/shared/admin-api/explain';
import { json, refusal } from '../reply.ts';
import type { AdminRoute } from '../router.ts';
import { unknownKey } from './changes.ts';

/** What would become of a request. Changes nothing, and is not counted. */
export const explain: AdminRoute = {
  path: '/api/v1/explain',
  method: 'POST',
  about: 'what would become of {"method", "url", "headers", "clientIp"}, and why',
  handle: async (context, { body }) => {
    const fault = faultOf(body);
    if (fault !== undefined) return refusal(400, fault);
    // What faultOf lets pass is one.
    const outcome = await context.explain(body as unknown as ExplainRequest);
    return outcome.ok ? json(200, outcome.reply) : refusal(outcome.status, outcome.message);
  },
};

/** Those that went wrong or were slow. */
export const requests: AdminRoute = {
  path: '/api/v1/requests',
  method: 'GET',
  about: 'the last requests that went wrong or took longer than a second',
  handle: async (context) => json(200, { requests: await context.pastRequests() }),
};

/** One of them. */
export const request: AdminRoute = {
  path: '/api/v1/requests/{id}',
  method: 'GET',
  about: 'one of them by its request id',
  handle: async (context, { parameters: [id = ''] }) => {
    const found = (await context.pastRequests()).find((each) => each.id === id);
    if (found !== undefined) return json(200, found);
    return refusal(404, 'no such request is kept: only the last errors and slow ones are');
  },
};

function faultOf(body: Readonly<Record<string, unknown>>): string | undefined {
  const { method, url, headers = {}, clientIp } = body;
  if (method !== undefined && typeof method !== 'string') return 'method: expected a text';
  if (typeof url !== 'string' || !/^(https?:\/\/|\/)/i.test(url))
    return 'url: expected "http://host/path", or "/path"';
  if (typeof headers !== 'object' || headers === null || !Object.values(headers).every(isText))
    return 'headers: expected an object of texts';
  if (clientIp !== undefined && !(isText(clientIp) && isIP(clientIp) !== 0))
    return 'clientIp: expected an IP address';
  return unknownKey(body, ['method', 'url', 'headers', 'clientIp']);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
