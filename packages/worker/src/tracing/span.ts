/** A span that is over, and how it is written for a collector. @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */

export type AttributeValue = string | number | boolean | undefined;

/** By their names in the semantic conventions of OpenTelemetry, or below `lbctl.`; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What a span says, beside where in its trace it is. */
export interface SpanContent {
  readonly name: string;
  readonly attributes: Attributes;
  readonly hasFailed: boolean;
  /** When the head of an answer had come, on the monotonic clock. */
  readonly firstByteMs?: number | undefined;
}

/** What all spans of a trace have in common. */
export interface TraceContext {
  /** 32 digits of hex. */
  readonly traceId: string;
  /** As others in the trace are told. */
  readonly flags: number;
  readonly state: string | undefined;
}

export interface Span {
  readonly context: TraceContext;
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** The parent is a span of somebody else. */
  readonly isParentRemote: boolean;
  readonly kind: keyof typeof KINDS;
  readonly content: SpanContent;
  /** On the monotonic clock. */
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Numbers of `SpanKind`. */
const KINDS = { server: 2, client: 3 } as const;

/** Bits of `SpanFlags` beside the trace flags. */
const KNOWS_IF_REMOTE = 0x100;
const IS_REMOTE = 0x200;

const STATUS_ERROR = 2;

/** Longer ones are cut: a client must not decide how much memory a span takes. */
const LONGEST_TEXT = 1_024;

/**
 * One element of `spans`. Put together by hand: a general serialiser, and the objects that it wants, cost several times as much.
 * @param behindMs what the monotonic clock is behind the wall's
 */
export function spanJson(span: Span, behindMs: number): string {
  const { parentId, context, content } = span;
  const { firstByteMs } = content;
  const flags = context.flags | KNOWS_IF_REMOTE | (span.isParentRemote ? IS_REMOTE : 0);
  return (
    `{"traceId":"${context.traceId}","spanId":"${span.spanId}","flags":${flags}` +
    (parentId === undefined ? '' : `,"parentSpanId":"${parentId}"`) +
    (context.state === undefined ? '' : `,"traceState":${quote(context.state)}`) +
    `,"name":${quote(content.name)},"kind":${KINDS[span.kind]}` +
    `,"startTimeUnixNano":${nanoseconds(span.startedMs + behindMs)}` +
    `,"endTimeUnixNano":${nanoseconds(span.endedMs + behindMs)}` +
    `,"attributes":${attributesJson(content.attributes)}` +
    (firstByteMs === undefined
      ? ''
      : `,"events":[{"timeUnixNano":${nanoseconds(firstByteMs + behindMs)},"name":"first byte"}]`) +
    (content.hasFailed ? `,"status":{"code":${STATUS_ERROR}}}` : ',"status":{}}')
  );
}

/** A list of `KeyValue` messages. Numbers are whole ones; 64 bits are text in the JSON of protobuf. */
export function attributesJson(attributes: Attributes): string {
  let text = '';
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value === undefined) continue;
    text += `${text === '' ? '[' : ','}{"key":"${key}","value":{${valueJson(value)}}}`;
  }
  return text === '' ? '[]' : `${text}]`;
}

function valueJson(value: NonNullable<AttributeValue>): string {
  if (typeof value === 'number') return `"intValue":"${value}"`;
  if (typeof value === 'boolean') return `"boolValue":${value}`;
  return `"stringValue":${quote(value)}`;
}

/** Most values need no escape, and telling that costs less than escaping. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(text: string): string {
  const kept = text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
  return PLAIN.test(kept) ? `"${kept}"` : JSON.stringify(kept);
}

/** To the microsecond: beyond it a number of milliseconds since 1970 has no digits left. */
function nanoseconds(wallMs: number): string {
  return `"${Math.round(wallMs * 1_000)}000"`;
}
