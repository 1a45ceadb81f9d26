/** Who wants a change, for the events and the log. */

const LONGEST_BY = 100;

/** What is wrong with what was said of who wants it. */
export function byFault(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? undefined : 'by: expected a text';
}

/** Who wants a change, the client's address where it does not say. Goes to logs and terminals: one short line without control characters (CWE-117, CWE-150). */
export function whoIs(by: unknown, peer: string): string {
  const said = typeof by === 'string' ? by.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim() : '';
  return said === '' ? peer : Array.from(said).slice(0, LONGEST_BY).join('');
}
