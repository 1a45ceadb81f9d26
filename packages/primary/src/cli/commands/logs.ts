/** `lbctl logs`: the last requests, and with -f those that end. A line each: for people on a terminal, else as JSON. */
import type { AccessRecord, LogEntry, LogsReply, MissedRequests } from '@lb/shared/admin-api/logs';
import { EXIT } from '../exit-codes.ts';
import { milliseconds } from '../numbers.ts';
import type { Output, Paint } from '../output.ts';
import { withInstance, type ClientCall } from './client.ts';

export interface LogsWish {
  readonly follow: boolean;
  /** Of the past. */
  readonly lines: number;
  readonly route?: string;
  readonly backend?: string;
  readonly status?: string;
}

/** Prints requests, the oldest first. Following ends with the instance, or with Ctrl-C. */
export function logs(call: ClientCall, wish: LogsWish): Promise<number> {
  const { output, context } = call;
  const print = printer(call);
  return withInstance(call, async (client) => {
    if (!wish.follow) {
      const reply = await client.get<LogsReply>(pathOf(wish));
      print.past(reply);
      return reply.problem === null ? EXIT.ok : EXIT.failure;
    }
    const interrupted = new AbortController();
    context.onSignal('SIGINT', () => interrupted.abort());
    await client.watch(
      pathOf(wish),
      // Each event of this path is one of them.
      (event) => print.event(event as LogsReply | AccessRecord | MissedRequests),
      interrupted.signal,
    );
    if (interrupted.signal.aborted) return EXIT.interrupted;
    output.error('the instance ended the stream');
    return EXIT.unreachable;
  });
}

function pathOf({ lines, route, backend, status }: LogsWish): string {
  const query = new URLSearchParams({ last: String(lines) });
  for (const [name, value] of Object.entries({ route, backend, status }))
    if (value !== undefined) query.set(name, value);
  return `/api/v1/logs?${query.toString()}`;
}

function printer({ output, options, context }: ClientCall) {
  const isForPeople = context.stdout.isTTY && options.json !== true;
  const entry = (each: LogEntry): void => {
    if (typeof each === 'string') output.data(isForPeople ? printable(each) : each);
    else output.data(isForPeople ? requestLine(each, output) : JSON.stringify(each));
  };
  const past = ({ source, problem, entries }: LogsReply): void => {
    if (problem !== null) output.error(`the access log cannot be read: ${problem}`);
    for (const each of entries) entry(each);
    if (source === 'memory')
      output.message(
        'the access log is not in a file: of the past there are only requests that failed or took over 1 s',
      );
  };
  const event = (each: LogsReply | AccessRecord | MissedRequests): void => {
    if ('entries' in each) past(each);
    else if ('missed' in each)
      output.message(
        `${each.missed} more requests: too many to follow, narrow it down with --status, --route`,
      );
    else entry(each);
  };
  return { past, event };
}

/** `12:00:00.123Z  502  1.2 s  GET example.com/path  shop  web/10.0.0.7:8080  203.0.113.9  reason=reset tries=2` */
export function requestLine(record: AccessRecord, output: Pick<Output, 'paint'>): string {
  const { status, route, pool, backend, reason, tries } = record;
  const target = `${record.host ?? ''}${record.path ?? ''}${record.query === null ? '' : `?${record.query}`}`;
  const facts = [
    ...(reason === null ? [] : [`reason=${reason}`]),
    ...(tries > 1 ? [`tries=${tries}`] : []),
  ];
  const line = [
    record.time.slice(TIME_OF_DAY),
    status,
    milliseconds(record.total_ms).padStart(8),
    `${record.method ?? '-'} ${target}`,
    route ?? '-',
    backend === null ? (pool ?? '-') : `${pool}/${backend}`,
    record.client ?? '-',
    ...facts,
  ];
  const text = printable(line.join('  '));
  const paint = paintOf(status);
  return paint === undefined ? text : output.paint(text, paint);
}

/** In a time such as `2026-01-31T12:00:00.000Z`. */
const TIME_OF_DAY = 11;

function paintOf(status: number): Paint | undefined {
  if (status >= 500) return 'red';
  return status >= 400 ? 'yellow' : undefined;
}

/** A client wrote some of it: nothing of that may reach the terminal but text (CWE-150). */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '');
}
