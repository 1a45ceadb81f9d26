/** HTTP dates, in the three forms that there are. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = MONTHS.join('|');
const TIME = String.raw`(\d\d):(\d\d):(\d\d)`;

const IMF_FIXDATE = new RegExp(`^[a-z]{3}, (\\d\\d) (${MONTH}) (\\d{4}) ${TIME} gmt$`);
const RFC_850 = new RegExp(`^[a-z]{6,9}, (\\d\\d)-(${MONTH})-(\\d\\d) ${TIME} gmt$`);
const ASCTIME = new RegExp(`^[a-z]{3} (${MONTH}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

const FIFTY_YEARS = 50;

/**
 * Milliseconds since 1970, or undefined for what is no date of HTTP. Letters may be of the wrong case; nothing else may differ.
 * @param nowMs tells in which century a year of two digits is
 * @see RFC 9110 section 5.6.7
 */
export function parseDate(text: string, nowMs: number): number | undefined {
  const lower = text.toLowerCase();
  const fixed = IMF_FIXDATE.exec(lower);
  if (fixed !== null) {
    const [, day, month, year, ...time] = fixed;
    return toMs(Number(year), month, day, time);
  }
  const old = RFC_850.exec(lower);
  if (old !== null) {
    const [, day, month, year, ...time] = old;
    return toMs(inCentury(Number(year), nowMs), month, day, time);
  }
  const ansi = ASCTIME.exec(lower);
  if (ansi === null) return undefined;
  const [, month, day, hours, minutes, seconds, year] = ansi;
  return toMs(Number(year), month, day, [hours, minutes, seconds]);
}

/** A year that seems to be more than 50 years ahead is the last one in the past with these digits. */
function inCentury(year: number, nowMs: number): number {
  const now = new Date(nowMs).getUTCFullYear();
  const guess = now - (now % 100) + year;
  return guess > now + FIFTY_YEARS ? guess - 100 : guess;
}

function toMs(
  year: number,
  month: string | undefined,
  day: string | undefined,
  time: readonly (string | undefined)[],
): number | undefined {
  const [hours = Number.NaN, minutes = Number.NaN, seconds = Number.NaN] = time.map(Number);
  // 60 is a leap second.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const place = MONTHS.indexOf(month ?? '');
  const ms = Date.UTC(year, place, Number(day), hours, minutes, seconds);
  const isOfMonth = new Date(Date.UTC(year, place, Number(day))).getUTCMonth() === place;
  return isOfMonth && Number(day) > 0 ? ms : undefined;
}
