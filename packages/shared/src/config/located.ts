/**
 * A configuration as a tree that still knows where everything stands. The reader of YAML makes one, the schema gets its
 * plain values, and whoever finds a mistake asks it for the place.
 */

/** Offsets into the file, the end not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** What is wrong, where; `span` is null where there is no file (the command line). */
export interface Problem {
  readonly span: Span | null;
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
}

/** A value of the file. */
export type Located = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: 'map';
  readonly span: Span | null;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A key and its value. */
export interface Entry {
  readonly key: Span | null;
  readonly value: Located;
}

export interface ListNode {
  readonly kind: 'list';
  readonly span: Span | null;
  readonly items: readonly Located[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly span: Span | null;
  readonly value: string | number | boolean | null;
  /**
   * `written` in the file, so it may be repeated in a message; `outside`: made from the environment or another file, so
   * it may be a secret and is never printed; `broken`: already reported, nobody else complains about it.
   */
  readonly origin: 'written' | 'outside' | 'broken';
}

/** Where a path leads: the deepest node there is, and the keys that lead nowhere. */
export interface Place {
  readonly node: Located;
  /** The key the node stands under; null for the root and for entries of a list. */
  readonly key: Span | null;
  readonly reached: Path;
  readonly rest: Path;
}

/** Follows a path as far as the tree goes. */
export function locate(root: Located, path: Path): Place {
  let node = root;
  let key: Span | null = null;
  for (const [depth, segment] of path.entries()) {
    const entry: Entry | undefined =
      node.kind === 'map' && typeof segment === 'string' ? node.entries.get(segment) : undefined;
    const item =
      node.kind === 'list' && typeof segment === 'number' ? node.items[segment] : entry?.value;
    if (item === undefined)
      return { node, key, reached: path.slice(0, depth), rest: path.slice(depth) };
    node = item;
    key = entry?.key ?? null;
  }
  return { node, key, reached: path, rest: [] };
}

/** The node at a path, or undefined. */
export function at(root: Located, ...path: Path): Located | undefined {
  const place = locate(root, path);
  return place.rest.length === 0 ? place.node : undefined;
}

/** The key a node stands under, else its first key, else the node. */
export function headSpan({ node, key }: Pick<Place, 'node' | 'key'>): Span | null {
  if (key !== null) return key;
  if (node.kind === 'map') return [...node.entries.values()][0]?.key ?? node.span;
  return node.span;
}

/** What is wrong with the value at a path: points at it, or at the key that should hold it. */
export function problemAt(
  root: Located,
  path: Path,
  message: string,
  hint: string | null = null,
): Problem {
  const place = locate(root, path);
  const span =
    place.rest.length === 0 && place.node.kind === 'scalar' ? place.node.span : headSpan(place);
  return { span, path, message, hint };
}

/** Points at the key and not at what stands under it. */
export function keyProblem(
  root: Located,
  path: Path,
  message: string,
  hint: string | null = null,
): Problem {
  return { span: headSpan(locate(root, path)), path, message, hint };
}

/** The text of a scalar that holds one and was not reported before. */
export function textOf(node: Located | undefined): string | undefined {
  if (node?.kind !== 'scalar' || node.origin === 'broken') return undefined;
  return typeof node.value === 'string' ? node.value : undefined;
}

/** A value for a message: quoted, or `otherwise` when it may be a secret. */
export function quoted(node: Located | undefined, otherwise = 'this value'): string {
  if (node?.kind !== 'scalar' || node.origin !== 'written') return otherwise;
  return JSON.stringify(String(node.value));
}

/** The plain value, for the schema. Keys are own properties, whatever their name. */
export function plainValue(node: Located): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(
        [...node.entries].map(([key, { value }]) => [key, plainValue(value)]),
      );
    case 'list':
      return node.items.map(plainValue);
    case 'scalar':
      return node.value;
  }
}

/** A tree for plain data that stands in no file. */
export function locatedFrom(value: unknown): Located {
  if (Array.isArray(value)) return { kind: 'list', span: null, items: value.map(locatedFrom) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]): [string, Entry] => [
      key,
      { key: null, value: locatedFrom(item) },
    ]);
    return { kind: 'map', span: null, entries: new Map(entries) };
  }
  const known =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', span: null, value: known ? value : null, origin: 'written' };
}

/** `pools.api.backends[0]`; a key that could be misread is quoted: `pools["api.v2"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    if (!/^[A-Za-z0-9_-]+$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
}

/** The indexes of a list, none where there is no list. */
export function indexes(root: Located, ...path: Path): number[] {
  const node = at(root, ...path);
  return node?.kind === 'list' ? [...node.items.keys()] : [];
}

/** The keys of a map, none where there is no map. */
export function keysOf(root: Located, ...path: Path): string[] {
  const node = at(root, ...path);
  return node?.kind === 'map' ? [...node.entries.keys()] : [];
}
