/**
 * A line of JSON in the names of the Elastic Common Schema, for Elasticsearch and what reads like it. What has no value has no
 * key; what the schema has no name for is under `lbctl.`.
 * @see https://www.elastic.co/docs/reference/ecs
 */
import { REFERER, USER_AGENT } from '../http1/field-names.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Ending } from '../request/finish-exchange.ts';
import { quote } from './escape.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { LineFormat } from './line-format.ts';
import type { Redaction } from './redaction.ts';
import { TimeText } from './time-text.ts';

const ECS_VERSION = '9.2.0';

const NANOSECONDS_IN_MS = 1e6;

export class EcsFormat implements LineFormat {
  readonly #redaction: Redaction;
  readonly #time = new TimeText();

  constructor(redaction: Redaction) {
    this.#redaction = redaction;
  }

  write(
    line: LineBuffer,
    exchange: Exchange,
    { status, totalMs, hasFailed }: Ending,
    wallMs: number,
  ): void {
    const { head, path, search, response, body, route, pool, backend } = exchange;
    const redaction = this.#redaction;
    line.text(
      `{"@timestamp":"${this.#time.iso(wallMs)}","log.level":"${hasFailed ? 'error' : 'info'}"` +
        `,"message":"${exchange.method} ${status}","ecs.version":"${ECS_VERSION}"` +
        `,"event.kind":"event","event.category":["web"],"event.type":["access"],"event.dataset":"lbctl.access"` +
        `,"event.outcome":"${status < 400 && !hasFailed ? 'success' : 'failure'}"` +
        `,"event.duration":${Math.round(totalMs * NANOSECONDS_IN_MS)}` +
        text('event.reason', exchange.reason) +
        text('trace.id', exchange.trace?.traceId) +
        text('span.id', exchange.trace?.spanId) +
        text('http.request.id', exchange.id) +
        text('http.request.method', exchange.method) +
        text('http.request.referrer', redaction.referer(head?.lines.valueOf(REFERER))) +
        `,"http.request.body.bytes":${body?.receivedBytes ?? 0}` +
        text('http.version', head === undefined ? undefined : `1.${head.httpMinor}`) +
        `,"http.response.status_code":${status},"http.response.body.bytes":${response.bodyBytes}` +
        text('url.domain', exchange.hostname) +
        text('url.path', path) +
        text('url.query', redaction.query(search.slice(1))) +
        text('client.ip', exchange.clientAddress) +
        text(
          'user_agent.original',
          redaction.field('user-agent', head?.lines.valueOf(USER_AGENT)),
        ) +
        text('lbctl.listener', exchange.listener.name) +
        text('lbctl.route', route?.name) +
        text('lbctl.pool', pool?.name) +
        text('lbctl.backend', backend?.name) +
        `,"lbctl.tries":${exchange.tries}` +
        duration('lbctl.connect.duration', exchange.connectMs) +
        duration('lbctl.ttfb.duration', exchange.ttfbMs) +
        '}',
    );
  }
}

function text(key: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${key}":${quote(value)}`;
}

function duration(key: string, ms: number | undefined): string {
  return ms === undefined ? '' : `,"${key}":${Math.round(ms * NANOSECONDS_IN_MS)}`;
}
