/** The answers that the balancer makes itself. */
import { REASONS, type Reason } from '@lb/shared/errors/reasons';
import { valueOf } from '../http1/field-names.ts';

/** An answer, not yet bound to a request. */
export interface Reply {
  readonly status: number;
  /** Why, for the access log; undefined for what a route was told to answer. */
  readonly reason: Reason | undefined;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** An error's one sentence, or the body of a `respond` route. */
  readonly body: { readonly error: string } | { readonly text: string };
  /** The connection cannot be used again: the message on it was not understood to its end. */
  readonly closes: boolean;
}

/** An error, with the status that belongs to its reason. */
export function errorReply(reason: Reason, error: string, headers: readonly string[] = []): Reply {
  return { status: REASONS[reason], reason, headers, body: { error }, closes: false };
}

/** Same, but the connection is closed after it. */
export function closingReply(reason: Reason, error: string): Reply {
  return { ...errorReply(reason, error), closes: true };
}

/** A reply as bytes: JSON where the client prefers it, one plain line otherwise. */
export interface RenderedReply {
  /** Names and values in turn, Content-Length and Content-Type included. */
  readonly fields: string[];
  readonly body: Buffer;
}

/** @param accept the client's Accept header @param idHeader name of the request id's field */
export function renderReply(
  reply: Reply,
  accept: string | undefined,
  idHeader: string,
  requestId: string,
): RenderedReply {
  const wantsJson = 'error' in reply.body && prefersJson(accept);
  // RFC 9110 sections 8.6 and 15.4.5: these two end with their head.
  const isBodyless = reply.status === 204 || reply.status === 304;
  const body = Buffer.from(isBodyless ? '' : bodyText(reply, wantsJson, requestId));
  const fields = [...reply.headers];
  if (body.length > 0 && valueOf(fields, 'content-type') === undefined) {
    fields.push('Content-Type', wantsJson ? 'application/json' : 'text/plain; charset=utf-8');
  }
  if (!isBodyless) fields.push('Content-Length', String(body.length));
  fields.push(idHeader, requestId);
  return { fields, body };
}

/** JSON is preferred when Accept gives it a higher weight than text (RFC 9110 section 12.5.1); a tie goes to what is named. */
function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined || !/json|application\/\*/i.test(accept)) return false;
  let json = 0;
  let text = 0;
  for (const part of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number.parseFloat(q.slice(2)) || 0;
    if (range === 'application/json' || range === 'application/*' || range.endsWith('+json'))
      json = Math.max(json, weight);
    else if (range === 'text/plain' || range === 'text/html' || range === 'text/*')
      text = Math.max(text, weight);
  }
  return json > 0 && json >= text;
}

function bodyText(reply: Reply, wantsJson: boolean, requestId: string): string {
  if ('text' in reply.body) return reply.body.text;
  if (wantsJson) return `${JSON.stringify({ error: reply.body.error, requestId })}\n`;
  return `${reply.body.error}\n`;
}
