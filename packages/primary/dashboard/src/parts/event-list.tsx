/** What happened, the newest first. */
import type { EventReply } from '@lb/shared/admin-api/statistics';
import { eventLine } from '../model/event-line.ts';
import { formatClock, formatDate } from '../model/format.ts';
import type { Severity } from '../model/verdict.ts';
import { SeverityIcon } from './icons.tsx';

const SEVERITIES: Readonly<Record<EventReply['level'], Severity>> = {
  info: 'ok',
  warn: 'warn',
  error: 'bad',
};

export function EventList({ events }: { readonly events: readonly EventReply[] }) {
  return (
    <section class="panel events" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      {events.length === 0 && <p class="empty">Nothing has happened yet.</p>}
      <ol class="scroll" tabIndex={0} aria-labelledby="events-title">
        {events.map((event) => (
          <EventItem key={event.id} event={event} />
        ))}
      </ol>
    </section>
  );
}

function EventItem({ event }: { readonly event: EventReply }) {
  const { subject, message, detail } = eventLine(event);
  return (
    <li class={SEVERITIES[event.level]}>
      <time dateTime={event.at} title={formatDate(event.at)}>
        {formatClock(event.at)}
      </time>
      <SeverityIcon severity={SEVERITIES[event.level]} />
      <span class="unseen">{event.level}</span>
      <span class="what">
        {subject !== '' && <b>{subject} </b>}
        {message}
        {detail !== '' && <small> {detail}</small>}
      </span>
    </li>
  );
}
