/** Numbers and times as the page shows them: short, and as wide as they were a second ago. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const HUNDREDTHS = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY_AND_CLOCK = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY_SECONDS = 86_400;

/** What stands for a number that there is none of. */
export const NONE = '–';

/** `1,204`, `3.4 M` */
export function formatCount(count: number): string {
  return count < 1e6 ? WHOLE.format(count) : `${TENTHS.format(count / 1e6)} M`;
}

/** Per second: `0`, `0.4`, `12.5`, `1,204` */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 99.95 ? TENTHS.format(perSecond) : formatCount(perSecond);
}

/** `0.42 ms`, `12.3 ms`, `480 ms`, `1.20 s` */
export function formatMs(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms === 0) return '0 ms';
  if (ms < 9.995) return `${HUNDREDTHS.format(ms)} ms`;
  if (ms < 99.95) return `${TENTHS.format(ms)} ms`;
  return ms < 999.5 ? `${WHOLE.format(ms)} ms` : `${HUNDREDTHS.format(ms / 1_000)} s`;
}

/** Of a share from 0 to 1: `0 %`, `<0.1 %`, `2.5 %`, `43 %`. What is not all of it is never called 100. */
export function formatShare(share: number | null): string {
  if (share === null) return NONE;
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '<0.1 %';
  if (percent < 9.95) return `${TENTHS.format(percent)} %`;
  return share < 1 && percent >= 99.5 ? '>99 %' : `${WHOLE.format(percent)} %`;
}

/** `54 MB` */
export function formatBytes(bytes: number): string {
  return `${WHOLE.format(bytes / 1e6)} MB`;
}

/** The two largest units: `12 s`, `4 min`, `3 h 12 min`, `5 d 3 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

/** Local time of day of an ISO 8601 time: `14:03:07` */
export function formatClock(iso: string): string {
  return CLOCK.format(new Date(iso));
}

/** A moment as precise as it has to be within a time of this length: `14:03:07`, `26 Nov, 14:03` */
export function formatMoment(ms: number, withinSeconds: number): string {
  return (withinSeconds < DAY_SECONDS ? CLOCK : DAY_AND_CLOCK).format(ms);
}

/** Where there is little room: `14:03`, `26 Nov` */
export function formatAxisMoment(ms: number, withinSeconds: number): string {
  return withinSeconds > DAY_SECONDS ? DAY.format(ms) : CLOCK.format(ms).slice(0, 5);
}

/** Local date and time of day of an ISO 8601 time. */
export function formatDate(iso: string): string {
  return DATE.format(new Date(iso));
}

/** `1 backend`, `3 backends` */
export function counted(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}
