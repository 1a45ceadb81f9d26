/**
 * Turns the series into text for Prometheus. prom-client writes every line (names, escaping, OpenMetrics' suffixes); it is
 * given metric objects that read our cells, so nothing is counted twice.
 *
 * A big family is followed by a turn of the event loop: 1500 backends are some 80,000 lines, and probes and workers must not
 * wait for all of them at once.
 */
import { createRequire } from 'node:module';
import {
  DURATION_BUCKETS_SECONDS,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import type * as promClient from 'prom-client';
import type { Metric, OpenMetricsContentType, Registry } from 'prom-client';
import type { Family, Series } from './series.ts';

/** A page for a scraper. */
export interface ExpositionPage {
  readonly contentType: string;
  readonly body: string;
}

/** What prom-client reads of a metric. `sharedLabels` is formatted once per object and kept. */
interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

type Format = 'text' | 'openmetrics';

/** Samples after which other work gets a turn. */
const SAMPLES_PER_TURN = 5_000;

/** Loaded with the first instance: the verbs that ask a running one take two thirds of the time without it. */
const load = createRequire(import.meta.url);

const NO_LABELS: Readonly<Record<string, string>> = {};

/** Writes pages from the families it was built with. */
export class Exposition {
  readonly #text: Registry;
  readonly #openMetrics: Registry<OpenMetricsContentType>;
  readonly #families: ReadonlyMap<MetricName, Family>;
  readonly #underWay = new Map<Format, Promise<ExpositionPage>>();

  constructor(families: ReadonlyMap<MetricName, Family>) {
    const { Registry } = load('prom-client') as typeof promClient;
    this.#families = families;
    this.#text = new Registry();
    this.#openMetrics = new Registry<OpenMetricsContentType>();
    this.#openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    for (const [name, family] of families) {
      this.#text.registerMetric(readableMetric(name, family, 'text'));
      this.#openMetrics.registerMetric(readableMetric(name, family, 'openmetrics'));
    }
  }

  /**
   * OpenMetrics when the Accept header prefers it, else the text format 0.0.4. Scrapers that come while a page is being written
   * get that page: many at once must not cost as much each.
   */
  page(accept: string | undefined): Promise<ExpositionPage> {
    const format = prefersOpenMetrics(accept) ? 'openmetrics' : 'text';
    const underWay = this.#underWay.get(format);
    if (underWay !== undefined) return underWay;
    const page = this.#write(format).finally(() => this.#underWay.delete(format));
    this.#underWay.set(format, page);
    return page;
  }

  async #write(format: Format): Promise<ExpositionPage> {
    const open = format === 'openmetrics';
    const registry = open ? this.#openMetrics : this.#text;
    const blocks: string[] = [];
    let samples = 0;
    for (const [name, family] of this.#families) {
      blocks.push(await registry.getSingleMetricAsString(name));
      samples += family.size * (family.definition.type === 'histogram' ? HISTOGRAM_LINES : 1);
      if (samples < SAMPLES_PER_TURN) continue;
      samples = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const body = open ? `${blocks.join('\n')}\n# EOF\n` : `${blocks.join('\n\n')}\n`;
    return { contentType: registry.contentType, body };
  }
}

/** True when `application/openmetrics-text` is named with at least the weight of `text/plain` (RFC 9110 section 12.5.1). */
function prefersOpenMetrics(accept: string | undefined): boolean {
  const weight = (wanted: string): number => {
    let best = 0;
    for (const entry of (accept ?? '').split(',')) {
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

/**
 * OpenMetrics calls a counter's family by its name without `_total`. Where that is the name of another metric, the family
 * would be there twice; such a counter keeps its name and is exposed with the type `unknown`, as the format asks.
 */
function openMetricsFamily(
  name: MetricName,
  type: MetricDefinition['type'],
): { name: string; type: string } {
  if (type !== 'counter') return { name, type };
  const family = name.replace(/_total$/, '');
  return family in METRICS ? { name, type: 'unknown' } : { name: family, type };
}

function readableMetric(name: MetricName, family: Family, format: Format): Metric {
  const { type, help } = family.definition;
  const shown = format === 'text' ? { name, type } : openMetricsFamily(name, type);
  const sampled = type === 'histogram' ? histogramSamples(name, format) : plainSamples;
  const get = () => {
    const values: Sample[] = [];
    for (const series of family.all()) if (family.isShown(series)) sampled(series, values);
    return Promise.resolve({ ...shown, help, aggregator: 'sum', values });
  };
  // The registry asks for no more than these, but its types name prom-client's own classes.
  return { name, help, type, aggregator: 'sum', get } as unknown as Metric;
}

function plainSamples(series: Series, into: Sample[]): void {
  into.push({ value: series.value(), labels: NO_LABELS, sharedLabels: series.labelSet });
}

/** Buckets, +Inf, sum and count. */
const HISTOGRAM_LINES = DURATION_BUCKETS_SECONDS.length + 3;

function histogramSamples(
  name: MetricName,
  format: Format,
): (series: Series, into: Sample[]) => void {
  const bounds = DURATION_BUCKETS_SECONDS.map((bound) =>
    // OpenMetrics wants bounds as floats: two spellings of one bound would be two series.
    format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : `${bound}`,
  );
  const les = [...bounds, '+Inf'].map((le) => ({ le }));
  return (series, into) => {
    const { cells, labelSet: sharedLabels } = series;
    let count = 0;
    les.forEach((labels, index) => {
      count += cells[index] ?? 0;
      into.push({ metricName: `${name}_bucket`, labels, sharedLabels, value: count });
    });
    const sum = cells[les.length] ?? 0;
    into.push({ metricName: `${name}_sum`, labels: NO_LABELS, sharedLabels, value: sum });
    into.push({ metricName: `${name}_count`, labels: NO_LABELS, sharedLabels, value: count });
  };
}
