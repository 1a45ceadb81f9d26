/**
 * Turns the series into text for Prometheus: the text format 0.0.4, or OpenMetrics 1.0.
 *
 * 1000 backends are 80,000 lines and 5 MB. The text is made while it is sent, piece by piece: probes and workers need not wait
 * for all of it, and it is never in memory as a whole.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
import {
  DURATION_BUCKETS_SECONDS,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '@lb/shared/metrics/catalog';
import { prefersOpenMetrics } from './prefers-open-metrics.ts';
import type { Family, Row } from './series.ts';

/** What a scraper gets. A piece says what holds when it is asked for. */
export interface ExpositionPage {
  readonly contentType: string;
  readonly pieces: Iterable<string>;
}

type Format = 'text' | 'openmetrics';

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** A gauge with quantiles is a summary without a sum and a count: no other type may have the label, says promtool. */
const SUMMARY = 'summary';

const PIECE_CHARACTERS = 64 * 1024;

type Families = ReadonlyMap<MetricName, Family>;

/** OpenMetrics when the Accept header prefers it, else the text format. */
export function exposition(families: Families, accept: string | undefined): ExpositionPage {
  const format = prefersOpenMetrics(accept) ? 'openmetrics' : 'text';
  return { contentType: CONTENT_TYPES[format], pieces: piecesOf(linesOf(families, format)) };
}

function* piecesOf(lines: Iterable<string>): Generator<string, void, undefined> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function* linesOf(families: Families, format: Format): Generator<string, void, undefined> {
  for (const [name, family] of families) {
    const { type, help } = family.definition;
    const shown: { name: string; type: string } =
      format === 'text' ? { name, type } : openMetricsFamily(name, type);
    if (family.definition.labels.includes('quantile')) shown.type = SUMMARY;
    yield `# HELP ${shown.name} ${help}\n# TYPE ${shown.name} ${shown.type}\n`;
    const isHistogram = type === 'histogram';
    const write = isHistogram ? histogramWriter(name, family, format) : plainWriter(name, family);
    for (let row = 0; row < family.size; row++) if (family.isShown(row)) yield write(row);
  }
  if (format === 'openmetrics') yield '# EOF\n';
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

/** The lines of a row. */
type Writer = (row: Row) => string;

function plainWriter(name: MetricName, family: Family): Writer {
  if (family.definition.labels.length === 0) return (row) => `${name} ${family.value(row)}\n`;
  return (row) => `${name}{${family.text(row)}} ${family.value(row)}\n`;
}

/** Buckets, sum and count. */
function histogramWriter(name: MetricName, family: Family, format: Format): Writer {
  const bounds = DURATION_BUCKETS_SECONDS.map((bound) =>
    // OpenMetrics wants bounds as floats: two spellings of one bound would be two series.
    format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : `${bound}`,
  );
  const starts = [...bounds, '+Inf'].map((le) => `${name}_bucket{le="${le}",`);
  return (row) => {
    const labels = `${family.text(row)}} `;
    let text = '';
    let count = 0;
    for (const [bucket, start] of starts.entries()) {
      count += family.cell(row, bucket);
      text += `${start}${labels}${count}\n`;
    }
    const sum = family.cell(row, starts.length);
    return `${text}${name}_sum{${labels}${sum}\n${name}_count{${labels}${count}\n`;
  };
}
