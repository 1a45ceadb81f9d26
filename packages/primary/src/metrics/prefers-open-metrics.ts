/** Which of the two formats for Prometheus a scraper wants. */

/** True when `application/openmetrics-text` is named with at least the weight of `text/plain` (RFC 9110 section 12.5.1). */
export function prefersOpenMetrics(accept = ''): boolean {
  const weight = (wanted: string): number => {
    let best = 0;
    for (const entry of accept.split(',')) {
      const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
      if (type !== wanted) continue;
      const quality = parameters.find((parameter) => /^q\s*=/.test(parameter));
      const value = quality === undefined ? 1 : Number(quality.slice(quality.indexOf('=') + 1));
      best = Math.max(best, Number.isFinite(value) ? value : 0);
    }
    return best;
  };
  const open = weight('application/openmetrics-text');
  return open > 0 && open >= weight('text/plain');
}
