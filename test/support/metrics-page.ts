/** What the primary counts, and the page that a scraper gets of it. */
import { MetricsAggregate } from '@lb/primary/internal/metrics/aggregate';

export function aggregate(): MetricsAggregate {
  return new MetricsAggregate({
    version: '0.1.0',
    node: 'v24.9.0',
    startedAtSeconds: 1_700_000_000,
  });
}

/** Its lines. */
export async function text(metrics: MetricsAggregate, accept?: string): Promise<string[]> {
  return (await page(metrics, accept)).body.split('\n');
}

export async function page(
  metrics: MetricsAggregate,
  accept?: string,
): Promise<{ readonly contentType: string; readonly body: string }> {
  const { contentType, pieces } = metrics.expose(accept);
  let body = '';
  for await (const piece of pieces) body += piece;
  return { contentType, body };
}
