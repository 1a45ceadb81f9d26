/** The store in a few words, for people. */
import type { StatusReply } from '@lb/shared/admin-api/contract';

/** `memory`, `redis  up`, `redis  DOWN: why`. */
export function storeText({ type, up, reason }: StatusReply['store']): string {
  if (!up) return `${type}  DOWN: ${reason ?? 'no reason is known'}`;
  return type === 'memory' ? type : `${type}  up`;
}
