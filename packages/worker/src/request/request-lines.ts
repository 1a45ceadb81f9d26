/**
 * The field lines that go to a backend: the client's, without what ends here, with what the balancer says itself. What stays is
 * taken over in runs, as long as they are; nearly always that is one.
 */
import * as names from '../http1/field-names.ts';
import { flat } from '../http1/flat.ts';
import { type HeadText, headTextOf, MARK_LENGTH } from '../http1/head-text.ts';
import type { Exchange } from './exchange.ts';
import { ForwardedFields, isIdentityAlias, isIdentityField } from './forwarded-fields.ts';
import { connectionNamed } from './hop-by-hop.ts';
import type { RequestHead } from './request-head.ts';
import type { Runtime } from './services.ts';

/** How the balancer calls itself in Via. */
const PSEUDONYM = 'lb';

/** Methods whose Max-Forwards counts down (RFC 9110 section 7.6.2). */
const COUNTED = new Set(['OPTIONS', 'TRACE']);

/** The last lines of a request, up to its id: the same for all requests of a connection to one host that say nothing themselves. */
export interface ForwardedMemo {
  readonly runtime: Runtime;
  readonly host: string | undefined;
  readonly text: string;
}

/** Latin-1, each line with its CR LF; framing (Content-Length, Transfer-Encoding) is the engine's. */
export function requestLines(exchange: Exchange, hostSent: string): string {
  const { head, services } = exchange;
  if (head === undefined) throw new Error('a request that is forwarded has a head');
  const runtime = services.runtime();
  const forwarded = head.mayIdentify ? new ForwardedFields(exchange.isFromProxy) : undefined;
  const idName = runtime.requestIdName;
  let text = keptLines(head, linesToKeep(head, runtime), {
    hostSent,
    idName,
    forwarded,
    isTraced: exchange.trace !== undefined,
  });
  // TE ends at this hop, but for the one word that the balancer can keep: it passes trailers on (RFC 9110 section 10.1.4).
  if (head.te !== undefined && /(^|,)\s*trailers\s*(,|;|$)/i.test(head.te)) {
    text += 'TE: trailers\r\nConnection: keep-alive, TE\r\n';
  }
  if (head.maxForwards !== undefined && COUNTED.has(head.method)) {
    text += `Max-Forwards: ${countedDown(head.maxForwards)}\r\n`;
  }
  const isPlain = forwarded === undefined && head.via === undefined && head.httpMinor === 1;
  const last = isPlain ? memorised(exchange, runtime) : lastLines(exchange, runtime, forwarded);
  return `${text}${last}${exchange.id}\r\n`;
}

/** True when the request has come through two balancers already: it runs in a circle (RFC 9110 section 7.6.3). */
export function isLooping(via: string | undefined): boolean {
  if (via === undefined) return false;
  return via.split(',').filter((entry) => entry.trim().split(/\s+/)[1] === PSEUDONYM).length >= 2;
}

interface KeptSetup {
  readonly hostSent: string;
  readonly idName: string;
  readonly forwarded: ForwardedFields | undefined;
  /** The trace goes on with fields of our own. */
  readonly isTraced: boolean;
}

/** The head without what has to go by its name alone: what Connection lists, and the id where its name has no kind. */
function linesToKeep(
  { connection, lines }: RequestHead,
  { requestIdName, requestIdIsMarked }: Runtime,
): HeadText {
  const named = connectionNamed(connection ?? '');
  if (named === undefined && requestIdIsMarked) return lines;
  const kept: string[] = [];
  const { fields } = lines;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const lower = name.toLowerCase();
    if (named?.has(lower) !== true && lower !== requestIdName)
      kept.push(name, fields[i + 1] as string);
  }
  return headTextOf(kept);
}

function keptLines(head: RequestHead, lines: HeadText, setup: KeptSetup): string {
  const { text, marks } = lines;
  const keepsHost = head.host === setup.hostSent;
  let kept = keepsHost ? '' : `Host: ${setup.hostSent}\r\n`;
  let from = lines.fieldsStart;
  for (let mark = 0; mark < marks.length; mark += MARK_LENGTH) {
    const kind = marks[mark] as names.FieldKind;
    const goes =
      kind === names.MAY_IDENTIFY
        ? takesIdentity(lines, mark, setup)
        : names.endsHere(kind) || isWrittenAnew(kind, keepsHost, head.method, setup.isTraced);
    if (!goes) continue;
    const start = marks[mark + 1] as number;
    if (start > from) kept += text.slice(from, start);
    from = (marks[mark + 3] as number) + 2;
  }
  return from < text.length ? kept + text.slice(from) : kept;
}

/** Fields that the balancer or its engine writes; Expect is answered here. */
function isWrittenAnew(
  kind: names.FieldKind,
  keepsHost: boolean,
  method: string,
  isTraced: boolean,
): boolean {
  switch (kind) {
    case names.HOST:
      return !keepsHost;
    case names.MAX_FORWARDS:
      return COUNTED.has(method);
    case names.TRACEPARENT:
    case names.TRACESTATE:
      return isTraced;
    case names.CONTENT_LENGTH:
    case names.EXPECT:
    case names.VIA:
      return true;
    default:
      return false;
  }
}

/** Whether the field is one of those that say who the client is, or could be read so; what is believed of it is remembered. */
function takesIdentity(lines: HeadText, mark: number, { idName, forwarded }: KeptSetup): boolean {
  const name = lines.nameAt(mark);
  const lower = name.toLowerCase();
  if (lower === idName || isIdentityAlias(lower)) return true;
  if (!isIdentityField(lower)) return false;
  forwarded?.take(name, lower, lines.valueAt(mark));
  return true;
}

function memorised(exchange: Exchange, runtime: Runtime): string {
  const { connection, host } = exchange;
  const known = connection.forwardedMemo;
  if (known !== undefined && known.host === host && known.runtime === runtime) return known.text;
  // Nor would every request have to walk the tree of its pieces.
  const text = flat(lastLines(exchange, runtime, undefined));
  connection.forwardedMemo = { runtime, host: host === undefined ? undefined : flat(host), text };
  return text;
}

/** Who the client is, the way so far, and the name of the request's id, whose value follows. */
function lastLines(
  exchange: Exchange,
  { requestIdHeader }: Runtime,
  forwarded: ForwardedFields | undefined,
): string {
  const { head, connection } = exchange;
  const lines = (forwarded ?? new ForwardedFields(false)).lines({
    clientAddress: exchange.clientAddress,
    peerAddress: connection.peerAddress,
    scheme: 'http',
    port: connection.localPort,
    host: exchange.host,
  });
  const via = head?.via === undefined ? '' : `${head.via}, `;
  return `${lines}Via: ${via}1.${head?.httpMinor ?? 1} ${PSEUDONYM}\r\n${requestIdHeader}: `;
}

function countedDown(value: string): string {
  return /^\d+$/.test(value) ? String(Math.max(0, Number.parseInt(value, 10) - 1)) : value;
}
