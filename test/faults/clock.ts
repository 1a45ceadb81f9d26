/** One clock for all processes of a run, in milliseconds since 1970 with fractions; it does not jump while they live. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
