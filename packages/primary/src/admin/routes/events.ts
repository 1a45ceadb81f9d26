/** GET /api/v1/events: what happened, and what happens. */
import type { IncomingHttpHeaders } from 'node:http';
import type { EventReply } from '@lb/shared/admin-api/statistics';
import type { EventSource } from '../event-streams.ts';
import type { AdminContext, EventMark } from '../context.ts';
import { json, refusal, wantsJson } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

/** Server-sent events, or a list for who asks for JSON. */
export const events: AdminRoute = {
  path: '/api/v1/events',
  method: 'GET',
  about: 'what happens, as server-sent events; ?since=0 (an id, a time) replays the last 1000',
  handle: (context, { query, headers }) => {
    const since = query.get('since') ?? undefined;
    const mark = since === undefined ? undefined : markOf(since);
    if (since !== undefined && mark === undefined)
      return refusal(
        400,
        'since: expected the id of an event, or a time such as 2026-01-31T12:00:00Z',
      );
    if (wantsJson(headers)) return json(200, { events: context.events(mark ?? ALL) });
    // What a client had before it lost its connection says more than the address that it came with first.
    return { events: source(context, lastSeen(headers) ?? mark) };
  },
};

const ALL: EventMark = { afterId: 0 };

function source(context: AdminContext, mark: EventMark | undefined): EventSource {
  return (tell) => {
    const pass = (event: EventReply): void =>
      void tell({ id: event.id, data: JSON.stringify(event) });
    if (mark !== undefined) for (const event of context.events(mark)) pass(event);
    return context.watchEvents(pass);
  };
}

/** Nothing, and 0, is from the beginning. */
function markOf(text: string): EventMark | undefined {
  if (/^\d*$/.test(text)) return { afterId: Number(text) };
  const fromMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(fromMs) ? undefined : { fromMs };
}

/** What is not an id of ours is as good as none. */
function lastSeen(headers: IncomingHttpHeaders): EventMark | undefined {
  const id = String(headers['last-event-id'] ?? '');
  return /^\d+$/.test(id) ? { afterId: Number(id) } : undefined;
}
