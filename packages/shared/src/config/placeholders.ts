/** Templates: each of their placeholders is one that there is. */
import { ACCESS_FIELDS, unknownPlaceholders } from '../model/access-template.ts';
import { type Located, type Path, type Problem, at, problemAt, textOf } from './located.ts';
import { didYouMean } from './suggest.ts';

/** What stands between the braces of `redirect.to`. */
const REDIRECT_PLACEHOLDERS: readonly string[] = [
  'scheme',
  'host',
  'hostname',
  'port',
  'path',
  'query',
  'uri',
];

/** The rules of one route's redirect. */
export function redirectPlaceholders(root: Located, route: Path): Problem[] {
  const path: Path = [...route, 'redirect', 'to'];
  const unknown = [...(textOf(at(root, ...path)) ?? '').matchAll(/\{([^{}]*)\}/g)]
    .map(([, placeholder = '']) => placeholder)
    .filter((placeholder) => !REDIRECT_PLACEHOLDERS.includes(placeholder));
  return problemsOf(root, path, unknown, REDIRECT_PLACEHOLDERS);
}

/** The rules of `log.access.format`. */
export function accessPlaceholders(root: Located): Problem[] {
  const path: Path = ['log', 'access', 'format'];
  const unknown = unknownPlaceholders(textOf(at(root, ...path)) ?? '');
  const known = [...ACCESS_FIELDS, 'header.NAME', 'response_header.NAME'];
  return problemsOf(root, path, unknown, known);
}

function problemsOf(
  root: Located,
  path: Path,
  unknown: readonly string[],
  known: readonly string[],
): Problem[] {
  const node = at(root, ...path);
  const written = node?.kind === 'scalar' && node.origin === 'written';
  const all = known.map((one) => `{${one}}`).join(' ');
  return [...new Set(unknown)].map((placeholder) => {
    const name = written ? ` ${JSON.stringify(`{${placeholder}}`)}` : '';
    const guess = written ? didYouMean(placeholder, known) : null;
    return problemAt(root, path, `unknown placeholder${name}: there are ${all}`, guess);
  });
}
