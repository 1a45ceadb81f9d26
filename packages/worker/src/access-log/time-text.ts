/** Times as text. A thousand lines have one second in common, which is put into words once. */

/** `000` to `999`. */
const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, n) =>
  String(n).padStart(3, '0'),
);

/** Remembers the second it was asked for last. */
export class TimeText {
  #second = Number.NaN;
  /** `2026-11-22T18:30:00.` */
  #text = '';

  /** `2026-11-22T18:30:00.123Z` */
  iso(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#text}${threeDigits(wallMs - second * 1000)}Z`;
  }
}

/** With three decimals: numbers with fractions take long to print, whole ones do not. */
export function milliseconds(ms: number): string {
  const microseconds = Math.round(ms * 1000);
  const whole = Math.floor(microseconds / 1000);
  return `${whole}.${threeDigits(microseconds - whole * 1000)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `22/Nov/2026:18:30:00 +0000` */
export function commonDate(wallMs: number): string {
  const iso = new Date(wallMs).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? '';
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

function threeDigits(n: number): string {
  return THREE_DIGITS[n] ?? '000';
}
