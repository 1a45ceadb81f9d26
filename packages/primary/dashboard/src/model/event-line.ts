/** An event as one line. */
import type { EventReply } from '@lb/shared/admin-api/statistics';
import { formatClock } from './format.ts';

export interface EventLine {
  /** `web/web-2`; '' when it is about the instance. */
  readonly subject: string;
  /** The constant words of the event. */
  readonly message: string;
  /** What else is known: `connection refused`, `weight 3`, `by 10.0.0.7`. */
  readonly detail: string;
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** The line of an event. The states that it led from and to are in its words. */
export function eventLine({ message, facts }: EventReply): EventLine {
  const { pool, backend, reason, by, from: _from, to: _to, state: _state, ...others } = facts;
  const said = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
  const details = [
    ...(said(reason) ? [textOf(reason)] : []),
    ...Object.entries(others)
      .filter(([, value]) => said(value))
      .map(([name, value]) => `${name} ${textOf(value)}`),
    ...(said(by) ? [`by ${textOf(by)}`] : []),
  ];
  const subject = [pool, backend].filter(said).map(textOf).join('/');
  return { subject, message, detail: details.join(', ') };
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('; ');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  const text = String(value);
  return ISO_TIME.test(text) ? formatClock(text) : text;
}
