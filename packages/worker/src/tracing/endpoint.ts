/** Where traces are posted to. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */

const PATH = '/v1/traces';

/** @param otlp an address with the path of traces, or the one above it */
export function endpointOf(otlp: string): URL {
  const url = new URL(otlp);
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/*$/, PATH);
  return url;
}
