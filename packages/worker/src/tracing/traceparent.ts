/** The field by which a trace comes from client to backend. @see W3C Trace Context Level 2, section 3.2 */

/** The span that a request was made in. */
export interface Traceparent {
  /** 32 digits of hex, as all ids here in lower case. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  readonly flags: number;
}

/** Whoever made the request keeps the trace. */
export const SAMPLED = 0x01;
/** The last 56 bits of the trace id are random. */
export const RANDOM = 0x02;

/** A later version may say more behind another dash. A comma stands between two fields, and there may be one only. */
const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-[^,]*)?$/;

/** undefined for what is no valid field: then a new trace begins. @param value all lines of the field, joined by commas */
export function parseTraceparent(value: string): Traceparent | undefined {
  const parts = FORM.exec(value);
  if (parts === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = parts;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** The field, in the version that all understand. */
export function formatTraceparent({ traceId, spanId, flags }: Traceparent): string {
  return `00-${traceId}-${spanId}-0${flags & (SAMPLED | RANDOM)}`;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
