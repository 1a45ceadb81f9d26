/**
 * How the lines of a metric look. prom-client writes one of each kind (names, escaping of the help, OpenMetrics' suffixes) with a
 * mark where the labels of a series go; what is left to do for thousands of series is to put their labels and numbers in.
 */
import { createRequire } from 'node:module';
import {
  DURATION_BUCKETS_SECONDS,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import type * as promClient from 'prom-client';
import type { Metric, OpenMetricsContentType } from 'prom-client';

export type Format = 'text' | 'openmetrics';

/** A line without its labels and its number: `lb_x_bucket{le="1",` and `} `. */
export interface LineTemplate {
  readonly before: string;
  readonly after: string;
}

export interface FamilyTemplate {
  /** HELP and TYPE, with their line ends. */
  readonly header: string;
  /** One; of a histogram its buckets, +Inf, sum and count. */
  readonly lines: readonly LineTemplate[];
}

/** A gauge with quantiles is a summary without a sum and a count: no other type may have the label, says promtool. */
const SUMMARY = 'summary';

/** Labels and number of the lines that prom-client writes: what the others have in their place. */
const LABEL = { series: '\u0001' };
const MARK = `series="${LABEL.series}"`;
const NUMBER = '0';

/** What prom-client reads of a metric. */
interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

/** What prom-client writes. */
export class TemplateWriter {
  /** Loaded with the first instance: the verbs that ask a running one take two thirds of the time without it. */
  readonly #library = createRequire(import.meta.url)('prom-client') as typeof promClient;

  contentType(format: Format): string {
    const { Registry } = this.#library;
    return format === 'text' ? Registry.PROMETHEUS_CONTENT_TYPE : Registry.OPENMETRICS_CONTENT_TYPE;
  }

  async write(
    name: MetricName,
    definition: MetricDefinition,
    format: Format,
  ): Promise<FamilyTemplate> {
    const { Registry } = this.#library;
    const registry = new Registry<OpenMetricsContentType>();
    if (format === 'openmetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const shown = shownAs(name, definition, format);
    registry.registerMetric(readable({ ...shown, values: samplesOf(name, definition, format) }));
    const written = await registry.getSingleMetricAsString(shown.name);
    const [help, type, ...lines] = written.split('\n');
    return { header: `${help}\n${type}\n`, lines: lines.map((line) => lineTemplate(line)) };
  }
}

function lineTemplate(line: string): LineTemplate {
  const text = line.slice(0, line.lastIndexOf(NUMBER));
  const mark = text.indexOf(MARK);
  return mark === -1
    ? { before: text, after: '' }
    : { before: text.slice(0, mark), after: text.slice(mark + MARK.length) };
}

interface Shown {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

function shownAs(name: MetricName, definition: MetricDefinition, format: Format): Shown {
  const { help, type, labels } = definition;
  const shown = format === 'text' ? { name, type } : openMetricsFamily(name, type);
  return { ...shown, help, ...(labels.includes('quantile') && { type: SUMMARY }) };
}

/** The registry asks for no more than this, but its types name prom-client's own classes. */
function readable(metric: Shown & { readonly values: readonly Sample[] }): Metric {
  return { ...metric, get: () => Promise.resolve(metric) } as unknown as Metric;
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

/** One of each kind that a series has. */
function samplesOf(name: MetricName, definition: MetricDefinition, format: Format): Sample[] {
  const sharedLabels = definition.labels.length === 0 ? {} : LABEL;
  const sample = { value: Number(NUMBER), labels: {}, sharedLabels };
  if (definition.type !== 'histogram') return [sample];
  const bounds = DURATION_BUCKETS_SECONDS.map((bound) =>
    // OpenMetrics wants bounds as floats: two spellings of one bound would be two series.
    format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : `${bound}`,
  );
  return [
    ...[...bounds, '+Inf'].map((le) => ({
      ...sample,
      metricName: `${name}_bucket`,
      labels: { le },
    })),
    { ...sample, metricName: `${name}_sum` },
    { ...sample, metricName: `${name}_count` },
  ];
}
