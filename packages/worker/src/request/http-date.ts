/** The Date field, made once a second. @see RFC 9110 section 6.6.1 */
import type { Clock } from '@lb/shared/time/clock';

export class HttpDate {
  readonly #clock: Clock;
  #second = Number.NaN;
  #line = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `Date: Sun, 22 Nov 2026 18:30:00 GMT` with its line end. */
  line(): string {
    const second = Math.floor(this.#clock.wallMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#line;
  }
}
