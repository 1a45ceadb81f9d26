/** Durations, sizes and rates: the strings of lb.yaml and the numbers the program works with. */

declare const unit: unique symbol;

/** A length of time in milliseconds. */
export type Milliseconds = number & { readonly [unit]?: 'ms' };

/** A size in bytes. */
export type Bytes = number & { readonly [unit]?: 'bytes' };

/** A throughput in bytes per second. */
export type BytesPerSecond = number & { readonly [unit]?: 'bytes/s' };

/** A rate of requests. */
export type RequestsPerSecond = number & { readonly [unit]?: 'requests/s' };

/** `250ms`, `5s`, `2m`, `1h`; a fraction is allowed (`1.5s`). */
export const DURATION_PATTERN: RegExp = /^\d+(\.\d+)?(ms|s|m|h)$/;

/** `1d` to `9999d`. */
export const DAYS_PATTERN: RegExp = /^[1-9]\d{0,3}d$/;

/** `512B`, `64KiB`, `10MiB`, `1GiB`. */
export const SIZE_PATTERN: RegExp = /^\d+(\.\d+)?(B|KiB|MiB|GiB)$/;

/** `240B/s`, `1KiB/s`; a bare `0` switches a minimum rate off. */
export const BYTE_RATE_PATTERN: RegExp = /^(0|\d+(\.\d+)?(B|KiB|MiB|GiB)\/s)$/;

/** `100/s`, `600/m`, `10000/h`. */
export const RATE_PATTERN: RegExp = /^\d+(\.\d+)?\/(s|m|h)$/;

const MILLISECONDS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const BYTES_PER: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Reads a string that matches DURATION_PATTERN. @throws RangeError on any other text. */
export function parseDuration(text: string): Milliseconds {
  return scaled(text, DURATION_PATTERN, MILLISECONDS_PER);
}

/** Reads a string that matches DAYS_PATTERN. @throws RangeError on any other text. */
export function parseDays(text: string): number {
  if (!DAYS_PATTERN.test(text)) throw new RangeError(`not a number of days: ${text}`);
  return Number.parseInt(text, 10);
}

/** Reads a string that matches SIZE_PATTERN; fractions of a byte are rounded. @throws RangeError on any other text. */
export function parseSize(text: string): Bytes {
  return Math.round(scaled(text, SIZE_PATTERN, BYTES_PER));
}

/** Reads a string that matches BYTE_RATE_PATTERN. @throws RangeError on any other text. */
export function parseByteRate(text: string): BytesPerSecond {
  if (text === '0') return 0;
  return scaled(text.replace(/\/s$/, ''), SIZE_PATTERN, BYTES_PER);
}

/** Reads a string that matches RATE_PATTERN. @throws RangeError on any other text. */
export function parseRate(text: string): RequestsPerSecond {
  const [count = '', per = ''] = text.split('/');
  const perMs = MILLISECONDS_PER[per];
  if (!RATE_PATTERN.test(text) || perMs === undefined) throw new RangeError(`not a rate: ${text}`);
  return (Number(count) * 1_000) / perMs;
}

/** The shortest exact form: 1500 -> `1500ms`, 5000 -> `5s`, 7200000 -> `2h`. */
export function formatDuration(ms: Milliseconds): string {
  for (const suffix of ['h', 'm', 's'] as const) {
    const per = MILLISECONDS_PER[suffix] ?? 1;
    if (ms >= per && ms % per === 0) return `${ms / per}${suffix}`;
  }
  return ms === 0 ? '0s' : `${ms}ms`;
}

/** The shortest exact form: 65536 -> `64KiB`, 1000 -> `1000B`. */
export function formatSize(bytes: Bytes): string {
  for (const suffix of ['GiB', 'MiB', 'KiB'] as const) {
    const per = BYTES_PER[suffix] ?? 1;
    if (bytes >= per && bytes % per === 0) return `${bytes / per}${suffix}`;
  }
  return `${bytes}B`;
}

/** The shortest exact form: 240 -> `240B/s`; 0, which is off, -> `0`. */
export function formatByteRate(rate: BytesPerSecond): string {
  const bytes: number = rate;
  return bytes === 0 ? '0' : `${formatSize(bytes)}/s`;
}

/** The shortest exact form: 100 -> `100/s`, 10 / 60 -> `10/m`. */
export function formatRate(rate: RequestsPerSecond): string {
  for (const per of ['s', 'm', 'h'] as const) {
    const count = (rate * (MILLISECONDS_PER[per] ?? 1)) / 1_000;
    if (Math.abs(count - Math.round(count)) < 1e-9 * count) return `${Math.round(count)}/${per}`;
  }
  return `${rate}/s`;
}

function scaled(text: string, pattern: RegExp, factors: Readonly<Record<string, number>>): number {
  const suffix = /[A-Za-z]+$/.exec(text)?.[0] ?? '';
  const factor = factors[suffix];
  if (!pattern.test(text) || factor === undefined) throw new RangeError(`not a quantity: ${text}`);
  return Number.parseFloat(text) * factor;
}
