/** What somebody who wrote this value here probably meant. */
import * as z from 'zod';
import { parseBackendUrl } from '../net/backend-url.ts';
import { parseBind } from '../net/bind-address.ts';
import type { Located, Path, ScalarNode } from './located.ts';
import { type Facet, type Schema, childOf, variantsOf } from './schema/shape.ts';
import { formatDuration, formatSize, parseDuration } from './units.ts';

/** A guess for a value the schema refused, or null. A value from outside the file may be a secret: no guess. */
export function valueHint(facet: Facet, node: Located, path: Path): string | null {
  const { core } = facet;
  const wantsMap = isMapSchema(core);
  if (node.kind === 'list') return wantsMap ? 'write "key: value" lines without "- "' : null;
  if (node.kind === 'map') {
    return core instanceof z.ZodArray ? 'start every entry with "- "' : null;
  }
  if (node.origin !== 'written') return null;
  if (node.value === null) return 'give it a value, or remove the key';
  if (facet.switchable) return switchHint(String(node.value));
  if (wantsMap) return mapHint(facet, node);
  if (core instanceof z.ZodArray) return `write [${JSON.stringify(node.value)}]`;
  return scalarHint(facet, node.value, path);
}

/** Wants "key: value" lines. */
export function isMapSchema(core: Schema): boolean {
  return (
    core instanceof z.ZodObject ||
    core instanceof z.ZodRecord ||
    core instanceof z.ZodDiscriminatedUnion
  );
}

function scalarHint(facet: Facet, value: string | number | boolean, path: Path): string | null {
  if (facet.unit === 'duration') return durationHint(value);
  if (facet.unit === 'size' || facet.unit === 'rate') {
    const size = sizeHint(value);
    return size === null ? null : `write ${size}${facet.unit === 'rate' ? '/s' : ''}`;
  }
  const { core } = facet;
  const text = String(value);
  if (core instanceof z.ZodBoolean) return switchHint(text);
  if (core instanceof z.ZodNumber)
    return typeof value === 'string' && /^\d+$/.test(value) ? 'remove the quotes' : null;
  if (core instanceof z.ZodUnion)
    return /^\d+$/.test(text) && value === text ? 'remove the quotes' : null;
  const last = path.at(-1);
  if (last === 'bind') return bindHint(text);
  const isBackend = path[0] === 'pools' && (last === 'url' || path.at(-2) === 'backends');
  if (isBackend) return urlHint(text);
  if (core instanceof z.ZodString && typeof value !== 'string')
    return `put it in quotes: "${text}"`;
  return null;
}

function switchHint(text: string): string | null {
  if (/^(yes|y|on|true|enabled|1)$/i.test(text)) return 'write true';
  return /^(no|n|off|false|disabled|0)$/i.test(text) ? 'write false' : null;
}

/** `sticky: cookie` names what was chosen; `- bind:0.0.0.0:8080` is one long word to YAML. */
function mapHint(facet: Facet, { value }: ScalarNode): string | null {
  const chosen = variantsOf(facet.core).find((variant) => variant.value === value);
  if (chosen !== undefined) return `write { ${chosen.key}: ${chosen.value} }`;
  const key = /^([A-Za-z]+):\S/.exec(String(value))?.[1];
  if (key === undefined || facet.core instanceof z.ZodRecord) return null;
  return childOf(facet.core, key) === undefined ? null : `a space is missing after "${key}:"`;
}

function durationHint(value: string | number | boolean): string | null {
  // Without a unit: small numbers are seconds, large ones the milliseconds of other products.
  if (typeof value === 'number') {
    if (!(value >= 0)) return null;
    return `write ${value < 1000 ? `${value}s` : formatDuration(value)}`;
  }
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(value));
  const [, digits = '', word = ''] = match ?? [];
  if (match === null) return null;
  const suffix = DURATION_WORDS.find(([pattern]) => pattern.test(word))?.[1];
  if (suffix === undefined) return null;
  const written = suffix === 'd' ? `${Number(digits) * 24}h` : `${digits}${suffix}`;
  return parseDuration(written) > 0 ? `write ${written}` : null;
}

const DURATION_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 'ms'],
  [/^(|s|secs?|seconds?)$/i, 's'],
  [/^(m|mins?|minutes?)$/i, 'm'],
  [/^(h|hrs?|hours?)$/i, 'h'],
  [/^(d|days?)$/i, 'd'],
];

function sizeHint(value: string | number | boolean): string | null {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? formatSize(value) : null;
  }
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(i?b?)(?:\/s)?$/i.exec(String(value));
  if (match === null) return null;
  const [, digits = '', prefix = ''] = match;
  return `${digits}${prefix === '' ? 'B' : `${prefix.toUpperCase()}iB`}`;
}

function bindHint(text: string): string | null {
  const bare = text.replace(/^[a-z]+:\/\//i, '').replace(/\/+$/, '');
  const candidates = [bare, `:${bare}`, `unix:${bare}`];
  const guess = candidates.find((candidate) => {
    if (candidate === text || parseBind(candidate) === undefined) return false;
    return !candidate.startsWith('unix:') || /^unix:\/\S+$/.test(candidate);
  });
  return guess === undefined ? null : `did you mean ${JSON.stringify(guess)}?`;
}

function urlHint(text: string): string | null {
  const path = /^https?:\/\/[^/?#\s]+[/?#]/i.test(text);
  const origin = text.replace(/^(https?:\/\/[^/?#]+)[/?#].*$/i, '$1');
  const candidates = [origin, `http://${text}`, `unix:${text}`];
  const guess = candidates.find((candidate) => {
    if (candidate === text || parseBackendUrl(candidate) === undefined) return false;
    return !candidate.startsWith('unix:') || /^unix:\/\S+$/.test(candidate);
  });
  if (guess === undefined) return null;
  const why = path ? ' (a path belongs into rewrite.addPrefix of a route)' : '';
  return `did you mean ${JSON.stringify(guess)}?${why}`;
}
