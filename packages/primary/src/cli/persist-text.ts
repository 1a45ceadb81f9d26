/** Where statistics are kept, in a few words, for people. */
import type { StatusReply } from '@lb/shared/admin-api/contract';

/** `postgres  up`, `influxdb  DOWN: why, 120 samples wait`, `postgres  nothing written yet`. */
export function persistText({
  type,
  up,
  reason,
  queued,
}: NonNullable<StatusReply['persist']>): string {
  if (up === null) return `${type}  nothing written yet`;
  if (up) return `${type}  up`;
  return `${type}  DOWN: ${reason ?? 'no reason is known'}, ${queued} samples wait`;
}
