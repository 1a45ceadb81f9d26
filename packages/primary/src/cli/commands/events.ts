/** `lbctl events`: what happened, and with -f what happens. */
import type { EventReply } from '@lb/shared/admin-api/statistics';
import { EXIT } from '../exit-codes.ts';
import type { Output, Paint } from '../output.ts';
import { withInstance, type ClientCall } from './client.ts';

export interface EventsOptions {
  readonly follow: boolean;
  /** An id, or a time; undefined for all that is kept. */
  readonly since: string | undefined;
}

/** Prints events, one a line, the oldest first. Following ends with the instance, or with Ctrl-C. */
export function events(call: ClientCall, { follow, since = '0' }: EventsOptions): Promise<number> {
  const { output, options, context } = call;
  const print = (event: EventReply): void =>
    output.data(options.json === true ? JSON.stringify(event) : eventLine(event, output));
  const path = `/api/v1/events?since=${encodeURIComponent(since)}`;
  return withInstance(call, async (client) => {
    if (!follow) {
      const { events: kept } = await client.get<{ events: EventReply[] }>(path);
      for (const event of kept) print(event);
      return EXIT.ok;
    }
    const interrupted = new AbortController();
    context.onSignal('SIGINT', () => interrupted.abort());
    // Each event of this path is one.
    await client.watch(path, (event) => print(event as EventReply), interrupted.signal);
    if (interrupted.signal.aborted) return EXIT.interrupted;
    output.error('the instance ended the stream');
    return EXIT.unreachable;
  });
}

const PAINTS: Readonly<Record<EventReply['level'], Paint | undefined>> = {
  info: undefined,
  warn: 'yellow',
  error: 'red',
};

/** `2026-01-31T12:00:00.000Z  warn   backend down  pool=api backend=a:1 reason="connect: refused"` */
export function eventLine(
  { at, level, message, facts }: EventReply,
  output: Pick<Output, 'paint'>,
): string {
  const shown = Object.entries(facts)
    .filter(([, fact]) => fact !== null)
    .map(([name, fact]) => `${name}=${factText(fact)}`);
  const paint = PAINTS[level];
  const line = [at, level.padEnd(5), message, ...(shown.length > 0 ? [shown.join(' ')] : [])];
  return paint === undefined ? line.join('  ') : output.paint(line.join('  '), paint);
}

/** A fact may hold what a backend said: nothing of it may reach the terminal but text (CWE-150). */
function factText(fact: unknown): string {
  const text = typeof fact === 'string' && /^[\w.:/@+-]+$/.test(fact) ? fact : JSON.stringify(fact);
  return text.replaceAll(/\p{C}/gu, '');
}
