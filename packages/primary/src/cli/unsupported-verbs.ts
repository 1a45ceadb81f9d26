/**
 * Verbs that lbctl will have and has not yet. They are refused by name, so that nobody takes them for a typing mistake, and
 * listed nowhere else.
 */
export const UNSUPPORTED_VERBS: readonly string[] = [
  'config',
  'init',
  'fmt',
  'import',
  'completion',
];

/** The sentence for one of them. */
export function unsupportedMessage(what: string): string {
  return `"${what}" is not supported yet`;
}
