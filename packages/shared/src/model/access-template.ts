/** `log.access.format` as a template: text with placeholders in braces. */

/** Placeholders, called as the keys of a JSON line are. */
export const ACCESS_FIELDS = [
  'time',
  'request_id',
  'client',
  'listener',
  'method',
  'host',
  'path',
  'query',
  'protocol',
  'status',
  'route',
  'pool',
  'backend',
  'tries',
  'bytes',
  'request_bytes',
  'connect_ms',
  'ttfb_ms',
  'total_ms',
  'reason',
  'user_agent',
  'referer',
  'trace_id',
  'span_id',
] as const;

export type AccessField = (typeof ACCESS_FIELDS)[number];

/** One piece of a template. Names of header fields are in lower case. */
export type AccessPiece =
  | { readonly text: string }
  | { readonly field: AccessField }
  | { readonly of: 'request' | 'response'; readonly name: string };

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** A field of the request, or of the answer as the client gets it. */
const HEADER = /^(response_)?header\.([!#$%&'*+\-.^_`|~0-9a-z]+)$/i;

/** The pieces in their order. A placeholder that there is none of stays text; `unknownPlaceholders` finds it. */
export function readAccessTemplate(template: string): AccessPiece[] {
  const pieces: AccessPiece[] = [];
  let at = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const piece = pieceOf(match[1] ?? '');
    if (piece === undefined) continue;
    if (match.index > at) pieces.push({ text: template.slice(at, match.index) });
    pieces.push(piece);
    at = match.index + match[0].length;
  }
  if (at < template.length) pieces.push({ text: template.slice(at) });
  return pieces;
}

/** What stands in braces and means nothing, without the braces. */
export function unknownPlaceholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name)
    .filter((name) => pieceOf(name) === undefined);
}

function pieceOf(name: string): AccessPiece | undefined {
  const field = ACCESS_FIELDS.find((known) => known === name);
  if (field !== undefined) return { field };
  const [whole, isOfResponse, header] = HEADER.exec(name) ?? [];
  if (whole === undefined || header === undefined) return undefined;
  return { of: isOfResponse === undefined ? 'request' : 'response', name: header.toLowerCase() };
}
