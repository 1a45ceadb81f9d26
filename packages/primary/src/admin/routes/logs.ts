/** GET /api/v1/logs: requests as the access log has them, the last ones and those that end from now on. */
import type { AccessRecord, LogsReply, MissedRequests } from '@lb/shared/admin-api/logs';
import { didYouMean } from '@lb/shared/config/suggest';
import { NO_ROUTE } from '@lb/shared/metrics/catalog';
import { type LogFilter, statusRange } from '@lb/shared/model/log-filter';
import type { AdminContext } from '../context.ts';
import type { EventSource } from '../event-streams.ts';
import { json, refusal, wantsJson, type Reply } from '../reply.ts';
import type { AdminRoute } from '../router.ts';

const DEFAULT_LAST = 10;
const MOST_LAST = 10_000;

/** Server-sent events, or the past alone as a list for who asks for JSON. */
export const logs: AdminRoute = {
  path: '/api/v1/logs',
  method: 'GET',
  about:
    'requests as they end, as server-sent events, after the ?last=10; ?route=, ?backend=, ?status=5xx',
  handle: (context, { query, headers }) => {
    const isList = wantsJson(headers);
    const last = Number(query.get('last') ?? (isList ? DEFAULT_LAST : 0));
    if (!Number.isInteger(last) || last < 0 || last > MOST_LAST)
      return refusal(400, `last: expected a whole number from 0 to ${MOST_LAST}`);
    const filter = filterOf(context, query);
    if ('refused' in filter) return filter.refused;
    return isList
      ? context.pastLogs(last, filter).then((reply) => json(200, reply))
      : { events: source(context, last, filter) };
  },
};

function filterOf(context: AdminContext, query: URLSearchParams): LogFilter | { refused: Reply } {
  const [route, backend, status] = ['route', 'backend', 'status'].map(
    (name) => query.get(name) ?? undefined,
  );
  const range = status === undefined ? undefined : statusRange(status);
  if (status !== undefined && range === undefined)
    return { refused: refusal(400, 'status: expected one such as 404, or a class such as 5xx') };
  const unknown =
    unknownName('route', route, [...context.routes().map(({ name }) => name), NO_ROUTE]) ??
    unknownName('backend', backend, context.pools().flatMap(backendNames));
  if (unknown !== undefined) return { refused: refusal(404, unknown) };
  return {
    ...(route !== undefined && { route }),
    ...(backend !== undefined && { backend }),
    ...(range !== undefined && { status: range }),
  };
}

function backendNames({
  name: pool,
  backends,
}: ReturnType<AdminContext['pools']>[number]): string[] {
  return backends.flatMap(({ name }) => [`${pool}/${name}`, name]);
}

/** A filter that nothing can pass would look like a quiet instance. */
function unknownName(
  what: string,
  name: string | undefined,
  known: readonly string[],
): string | undefined {
  if (name === undefined || known.includes(name)) return undefined;
  return [`no ${what} is called "${name}"`, didYouMean(name, known)].filter(Boolean).join('; ');
}

/** What ends while the past is read comes after it, and once. */
function source(context: AdminContext, last: number, filter: LogFilter): EventSource {
  return (tell) => {
    const say = (event: unknown): boolean => tell({ data: JSON.stringify(event) });
    if (last === 0) return context.watchLogs(filter, say);
    let waiting: (AccessRecord | MissedRequests)[] | undefined = [];
    void context.pastLogs(last, filter).then((past) => {
      say(past);
      const isKnown = knownIn(past);
      for (const entry of waiting ?? []) if (!isKnown(entry)) say(entry);
      waiting = undefined;
    });
    return context.watchLogs(filter, (entry) => {
      if (waiting === undefined) return say(entry);
      if (waiting.length < MOST_LAST) waiting.push(entry);
      return waiting.length < MOST_LAST;
    });
  };
}

function knownIn({ entries }: LogsReply): (entry: AccessRecord | MissedRequests) => boolean {
  const ids = new Set(entries.map((entry) => (typeof entry === 'string' ? '' : entry.request_id)));
  return (entry) => 'request_id' in entry && ids.has(entry.request_id);
}
