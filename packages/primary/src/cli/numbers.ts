/** Numbers as people read them. */

/** `3.2 ms`, `120 ms`; `-` for none. */
export function milliseconds(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

/** `1.5%`. @param share 0 to 1 */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
