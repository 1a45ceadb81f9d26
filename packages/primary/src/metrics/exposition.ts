/**
 * Turns the series into text for Prometheus. 1000 backends are 70,000 lines and 5 MB. The text is made while it is sent, some rows
 * at a time: probes and workers need not wait for all of it, and it is never in memory as a whole.
 */
import type { MetricName } from '@lb/shared/metrics/catalog';
import {
  type FamilyTemplate,
  type Format,
  type LineTemplate,
  TemplateWriter,
} from './family-template.ts';
import { prefersOpenMetrics } from './prefers-open-metrics.ts';
import type { Family, Row } from './series.ts';

/** What a scraper gets. A piece says what holds when it is asked for. */
export interface ExpositionPage {
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;
}

/** Lines that are written at once; some 250 KB, in a millisecond or two. */
const LINES_PER_PIECE = 3_000;

/** Lines of a histogram behind its buckets: sum and count. */
const TOTALS = 2;

interface Shown {
  readonly family: Family;
  readonly template: FamilyTemplate;
}

/** Writes pages from the families it was built with. */
export class Exposition {
  readonly #families: ReadonlyMap<MetricName, Family>;
  readonly #writer = new TemplateWriter();
  readonly #shown = new Map<Format, Promise<readonly Shown[]>>();

  constructor(families: ReadonlyMap<MetricName, Family>) {
    this.#families = families;
  }

  /** OpenMetrics when the Accept header prefers it, else the text format 0.0.4. */
  page(accept: string | undefined): ExpositionPage {
    const format = prefersOpenMetrics(accept) ? 'openmetrics' : 'text';
    return { contentType: this.#writer.contentType(format), pieces: this.#pieces(format) };
  }

  async *#pieces(format: Format): AsyncGenerator<string, void, undefined> {
    let text = '';
    let lines = 0;
    for (const { family, template } of await this.#shownAs(format)) {
      text += template.header;
      for (let row = 0; row < family.size; row++) {
        if (!family.isShown(row)) continue;
        text += linesOf(family, row, template.lines);
        lines += template.lines.length;
        if (lines < LINES_PER_PIECE) continue;
        yield text;
        text = '';
        lines = 0;
      }
    }
    yield format === 'openmetrics' ? `${text}# EOF\n` : text;
  }

  /** Made for the first page of a format, and kept. */
  #shownAs(format: Format): Promise<readonly Shown[]> {
    const known = this.#shown.get(format);
    if (known !== undefined) return known;
    const made = Promise.all(
      [...this.#families].map(async ([name, family]) => ({
        family,
        template: await this.#writer.write(name, family.definition, format),
      })),
    );
    this.#shown.set(format, made);
    return made;
  }
}

function linesOf(family: Family, row: Row, templates: readonly LineTemplate[]): string {
  const labels = family.labelText(row);
  if (family.definition.type !== 'histogram')
    return line(templates[0] as LineTemplate, labels, family.value(row));
  const buckets = templates.length - TOTALS;
  let text = '';
  let count = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    count += family.cell(row, bucket);
    text += line(templates[bucket] as LineTemplate, labels, count);
  }
  text += line(templates[buckets] as LineTemplate, labels, family.cell(row, buckets));
  return text + line(templates[buckets + 1] as LineTemplate, labels, count);
}

function line({ before, after }: LineTemplate, labels: string, value: number): string {
  return `${before}${labels}${after}${numberText(value)}\n`;
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : `${value}`;
}
