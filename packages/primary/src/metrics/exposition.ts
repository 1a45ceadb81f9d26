/**
 * Turns the series into text for Prometheus. prom-client writes every line (names, escaping, OpenMetrics' suffixes); it is
 * given metrics that read our cells, so nothing is counted twice.
 *
 * 1000 backends are 80,000 lines and 5 MB. The text is made while it is sent, some rows at a time: probes and workers need not
 * wait for all of it, and it is never in memory as a whole.
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
import { prefersOpenMetrics } from './prefers-open-metrics.ts';
import type { Family, LabelSet, Row } from './series.ts';

/** What a scraper gets. A piece says what holds when it is asked for. */
export interface ExpositionPage {
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;
}

type Format = 'text' | 'openmetrics';

/** A gauge with quantiles is a summary without a sum and a count: no other type may have the label, says promtool. */
const SUMMARY = 'summary';

/** What prom-client reads of a metric. `sharedLabels` is formatted once per object and kept. */
interface Sample {
  readonly value: number;
  readonly labels: LabelSet;
  readonly sharedLabels: LabelSet;
  readonly metricName?: string;
}

/** Samples that are written at once; some 60 KB. */
const SAMPLES_PER_PIECE = 800;

/** Loaded with the first instance: the verbs that ask a running one take two thirds of the time without it. */
const load = createRequire(import.meta.url);

const NO_LABELS: LabelSet = {};

/** Writes pages from the families it was built with. */
export class Exposition {
  readonly #families: ReadonlyMap<MetricName, Family>;
  readonly #library = load('prom-client') as typeof promClient;

  constructor(families: ReadonlyMap<MetricName, Family>) {
    this.#families = families;
  }

  /** OpenMetrics when the Accept header prefers it, else the text format 0.0.4. */
  page(accept: string | undefined): ExpositionPage {
    const { Registry } = this.#library;
    if (!prefersOpenMetrics(accept)) {
      const registry = new Registry();
      return { contentType: registry.contentType, pieces: this.#pieces('text', registry) };
    }
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    return { contentType: registry.contentType, pieces: this.#pieces('openmetrics', registry) };
  }

  async *#pieces(format: Format, registry: Writer): AsyncGenerator<string, void, undefined> {
    for (const [name, family] of this.#families) {
      const shown = shownAs(name, family.definition, format);
      let isFirst = true;
      for (const values of samplesOf(name, family, format)) {
        registry.registerMetric(readable({ ...shown, values }));
        const written = await registry.getSingleMetricAsString(shown.name);
        registry.removeSingleMetric(shown.name);
        yield `${isFirst ? written : withoutHeader(written)}\n`;
        isFirst = false;
      }
    }
    if (format === 'openmetrics') yield '# EOF\n';
  }
}

/** A registry of prom-client, of either format. */
type Writer = Pick<Registry, 'registerMetric' | 'getSingleMetricAsString' | 'removeSingleMetric'>;

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

/** HELP and TYPE stand once, before the first lines of a family. */
function withoutHeader(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
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

/** In portions; the first may be empty, and there is one at least. */
function* samplesOf(
  name: MetricName,
  family: Family,
  format: Format,
): Generator<readonly Sample[], void, undefined> {
  const isHistogram = family.definition.type === 'histogram';
  const take = isHistogram ? histogramTaker(name, family, format) : plainTaker(family);
  let samples: Sample[] = [];
  for (let row = 0; row < family.size; row++) {
    if (!family.isShown(row)) continue;
    take(row, samples);
    if (samples.length < SAMPLES_PER_PIECE) continue;
    yield samples;
    samples = [];
  }
  yield samples;
}

type Taker = (row: Row, into: Sample[]) => void;

function plainTaker(family: Family): Taker {
  return (row, into) => {
    into.push({ value: family.value(row), labels: NO_LABELS, sharedLabels: family.labelSet(row) });
  };
}

/** Buckets, +Inf, sum and count. */
function histogramTaker(name: MetricName, family: Family, format: Format): Taker {
  const bounds = DURATION_BUCKETS_SECONDS.map((bound) =>
    // OpenMetrics wants bounds as floats: two spellings of one bound would be two series.
    format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : `${bound}`,
  );
  const les = [...bounds, '+Inf'].map((le) => ({ le }));
  return (row, into) => {
    const sharedLabels = family.labelSet(row);
    let count = 0;
    for (const [bucket, labels] of les.entries()) {
      count += family.cell(row, bucket);
      into.push({ metricName: `${name}_bucket`, labels, sharedLabels, value: count });
    }
    const sum = family.cell(row, les.length);
    into.push({ metricName: `${name}_sum`, labels: NO_LABELS, sharedLabels, value: sum });
    into.push({ metricName: `${name}_count`, labels: NO_LABELS, sharedLabels, value: count });
  };
}
