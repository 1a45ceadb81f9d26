/** Tracing in one worker: what begins traces, and what exports them, by the configuration in force. */
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@lb/shared/config/schema/root';
import type { Clock, Random } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import type { Cells } from '../metrics/cells.ts';
import { TraceMetrics } from '../metrics/trace-metrics.ts';
import { Collector } from './collector.ts';
import { Exporter } from './exporter.ts';
import { attributesJson, type Span, spanJson } from './span.ts';
import { TraceIds } from './trace-ids.ts';
import { Tracer } from './tracer.ts';

type Settings = NonNullable<Config['tracing']>;

export interface TracingSetup {
  readonly cells: Cells;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Of the worker. */
  readonly place: number;
}

/** A wall clock that was set is followed within this time; the spans of a trace that end together have one clock. */
const LOOK_MS = 1_000;

export class Tracing {
  readonly #setup: TracingSetup;
  readonly #ids = new TraceIds();
  #settings: Settings | undefined;
  #exporter: Exporter<Span> | undefined;
  /** What the monotonic clock is behind the wall's, and when that was looked at. */
  #behindMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(setup: TracingSetup) {
    this.#setup = setup;
  }

  /** Takes over what a snapshot says. Traces under way go to the collector that is in force when they end. @returns undefined when tracing is off */
  apply({ tracing, store }: Pick<Config, 'tracing' | 'store'>): Tracer | undefined {
    if (!isSameExport(this.#settings, tracing)) {
      void this.#exporter?.close();
      this.#exporter = tracing === null ? undefined : this.#open(tracing);
    }
    this.#settings = tracing ?? undefined;
    if (tracing === null) return undefined;
    const tools = {
      ids: this.#ids,
      clock: this.#setup.clock,
      storeName: store.type === 'redis' ? 'redis' : 'lbctl',
      take: (span: Span) => this.#exporter?.take(span),
    };
    return new Tracer(tools, tracing.sample);
  }

  /** Sends what there is still. */
  async close(): Promise<void> {
    await this.#exporter?.close();
  }

  #open({ otlp, headers, serviceName }: Settings): Exporter<Span> {
    const { cells, random, log, place } = this.#setup;
    return new Exporter({
      collector: new Collector(otlp, headers),
      write: (span) => this.#write(span),
      envelope: envelopeOf(serviceName, place),
      metrics: new TraceMetrics(cells),
      random,
      log,
    });
  }

  #write(span: Span): string {
    const { clock } = this.#setup;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#behindMs = clock.wallMs() - nowMs;
      this.#lookedMs = nowMs;
    }
    return spanJson(span, this.#behindMs);
  }
}

/** Whether what is exported goes to the same place in the same way. */
function isSameExport(before: Settings | undefined, after: Settings | null): boolean {
  if (before === undefined || after === null) return before === undefined && after === null;
  const { sample: _, ...rest } = before;
  const { sample: __, ...restAfter } = after;
  return isDeepStrictEqual(rest, restAfter);
}

/** `ExportTraceServiceRequest` around spans: who made them. */
function envelopeOf(serviceName: string, place: number): readonly [string, string] {
  const host = hostname();
  const attributes = attributesJson({
    'service.name': serviceName,
    'service.instance.id': `${host}:${process.pid}`,
    'host.name': host,
    'process.pid': process.pid,
    'telemetry.sdk.name': 'lbctl',
    'telemetry.sdk.language': 'nodejs',
    'lbctl.worker': place,
  });
  return [
    `{"resourceSpans":[{"resource":{"attributes":${attributes}},"scopeSpans":[{"scope":{"name":"lbctl"},"spans":[`,
    ']}]}]}',
  ];
}
