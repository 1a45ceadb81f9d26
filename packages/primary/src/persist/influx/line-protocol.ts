/**
 * Samples as InfluxDB's line protocol:
 *
 *     lbctl,instance=web1:ab12,kind=backend,pool=web,backend=10.0.0.7:80 requests=12i,p50_ms=1.5,state="up" 1795651200000
 *
 * @see https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
import type { Sample } from '../sample.ts';

/** What everything is written under. */
export const MEASUREMENT = 'lbctl';

/** One line, with a time in milliseconds. */
export function lineOf(sample: Sample, instance: string): string {
  const { kind, route, pool, backend, atMs } = sample;
  const tags = Object.entries({ instance, kind, route, pool, backend })
    // There are no empty tags: one that is missing is asked for as ''.
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${key}=${escapeTag(tagText(value))}`);
  return `${MEASUREMENT}${tags.join('')} ${fieldsOf(sample)} ${atMs}`;
}

/**
 * A name as a tag can hold it: no line break has an escape there, and a backslash at the end would escape what comes after it
 * and cannot be escaped itself.
 */
export function tagText(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, '_').replace(/\\$/, '_');
}

function escapeTag(text: string): string {
  return text.replaceAll(/[,= ]/g, '\\$&');
}

function fieldsOf(sample: Sample): string {
  const whole = (value: number | null): string | null => (value === null ? null : `${value}i`);
  const { state } = sample;
  const fields: Record<string, string | number | null> = {
    seconds: sample.seconds,
    requests: whole(sample.requests),
    errors: whole(sample.errors),
    p50_ms: sample.p50Ms,
    p95_ms: sample.p95Ms,
    p99_ms: sample.p99Ms,
    bytes_in: whole(sample.bytesIn),
    bytes_out: whole(sample.bytesOut),
    in_flight: whole(sample.inFlight),
    connections: whole(sample.connections),
    cache_hit_rate: sample.cacheHitRate,
    state: state === null ? null : `"${state.replaceAll(/["\\]/g, '\\$&')}"`,
    weight: sample.weight,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
