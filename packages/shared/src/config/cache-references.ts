/** The rules about caches that span sections. */
import {
  type Located,
  type MapNode,
  type Path,
  type Problem,
  at,
  keyProblem,
  keysOf,
  problemAt,
  quoted,
  textOf,
} from './located.ts';
import { didYouMean } from './suggest.ts';
import { SIZE_PATTERN, parseSize } from './units.ts';
import { facetAt } from './schema/shape.ts';
import { cache as schema } from './schema/cache.ts';

/** A route names a cache that exists, and has answers of a backend to keep. */
export function cacheName(root: Located, route: Path, { entries }: MapNode): Problem[] {
  const path: Path = [...route, 'cache'];
  const node = at(root, ...path);
  const name = textOf(node);
  if (name === undefined) return [];
  const [answer] = ['redirect', 'respond'].filter((action) => entries.has(action));
  if (answer !== undefined) {
    const message = `only what comes from a pool is cached, and this route has "${answer}"`;
    return [keyProblem(root, path, message, 'take "cache" away')];
  }
  const known = keysOf(root, 'caches');
  if (known.includes(name)) return [];
  const hint =
    didYouMean(name, known) ??
    (known.length === 0 ? 'there is no "caches:" yet' : `the caches are ${known.join(', ')}`);
  return [problemAt(root, path, `no cache is named ${quoted(node, 'so')}`, hint)];
}

/** The largest answer that is kept has to fit. */
export function cacheSizes(root: Located): Problem[] {
  return keysOf(root, 'caches').flatMap((name): Problem[] => {
    const path: Path = ['caches', name];
    const [maxSize, maxObject] = ['maxSize', 'maxObject'].map((key) =>
      bytesOf(root, [...path, key], key),
    );
    if (maxSize === undefined || maxObject === undefined || maxObject <= maxSize) return [];
    const given = at(root, ...path, 'maxObject') === undefined ? 'maxSize' : 'maxObject';
    const message = 'maxObject is larger than maxSize: nothing so large could be kept';
    return [problemAt(root, [...path, given], message, 'raise maxSize, or lower maxObject')];
  });
}

/** What is shared is in Redis. */
export function sharedCaches(root: Located): Problem[] {
  if (textOf(at(root, 'store', 'type')) === 'redis') return [];
  return keysOf(root, 'caches').flatMap((name): Problem[] => {
    const path: Path = ['caches', name, 'shared'];
    const node = at(root, ...path);
    if (node?.kind !== 'scalar' || node.value !== true) return [];
    const message = 'a shared cache is kept in Redis, and "store.type" is memory';
    return [
      problemAt(
        root,
        path,
        message,
        'set "store.type: redis" and store.url, or take "shared" away',
      ),
    ];
  });
}

/** undefined for what the schema refuses. */
function bytesOf(root: Located, path: Path, key: string): number | undefined {
  const node = at(root, ...path);
  if (node === undefined) return Number(facetAt(schema, [key])?.preset);
  const text = textOf(node);
  return text !== undefined && SIZE_PATTERN.test(text) ? parseSize(text) : undefined;
}
