/**
 * The text of lb.yaml as a tree with positions.
 *
 *     text ─ yaml ─▶ nodes ─ aliases, ${references}, keys checked ─▶ Located + problems
 */
import {
  type Alias,
  type Document,
  type Node,
  type Pair,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';
import { type Outside, interpolate } from './interpolate.ts';
import type { Entry, Located, Path, Problem, ScalarNode, Span } from './located.ts';
import { yamlProblems } from './yaml-mistakes.ts';

/** What the schema wants at a path: a reference that stands alone becomes a number only where none is text. */
export type Wanted = 'text' | 'text or null' | 'any';

/** The tree, or null when the text has no structure to look at; and what is wrong so far. */
export interface ReadDocument {
  readonly root: Located | null;
  readonly problems: readonly Problem[];
}

/** Aliases that are followed; more is a bomb ("billion laughs") and no configuration. */
const MAX_ALIASES = 100;
/** Nodes that aliases may add to the tree, for anchors that are large themselves. */
const MAX_ALIASED_NODES = 100_000;
const MAX_DEPTH = 64;

/** Reads a text without byte order mark. Never throws, whatever the text. */
export function readDocument(
  text: string,
  outside: Outside,
  wanted: (path: Path) => Wanted,
): ReadDocument {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false, // the builder finds them, with their path
      version: '1.2',
      schema: 'core',
      logLevel: 'error', // 'silent' would also hide a second document
    });
  } catch (error) {
    // The parser recurses: a text that is nested deep enough ends its stack before its own limit does.
    const reason = error instanceof RangeError ? 'nested too deep' : 'not readable as YAML';
    return refused(reason, null);
  }
  if (document.errors.length > 0) {
    return { root: null, problems: yamlProblems(document.errors, text) };
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return refused('the file is empty', 'it needs at least "listeners" and "pools"');
  }
  if (!isMap(contents)) {
    const found = isSeq(contents) ? 'a list' : 'a single value';
    return refused(`expected keys such as "listeners:" and "pools:", found ${found}`, null, 1);
  }
  const builder = new TreeBuilder(text, document, outside, wanted);
  const root = builder.build(contents, [], { start: 0, end: 0 });
  return { root, problems: builder.problems };
}

function refused(message: string, hint: string | null, end = 0): ReadDocument {
  return { root: null, problems: [{ span: { start: 0, end }, path: [], message, hint }] };
}

/** Walks the nodes of one document once. */
class TreeBuilder {
  readonly problems: Problem[] = [];
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #outside: Outside;
  readonly #wanted: (path: Path) => Wanted;
  /** Nodes that are being built, to see an alias that contains itself. */
  readonly #open = new Set<Node>();
  #aliases = 0;
  #aliasDepth = 0;
  #aliasedNodes = 0;

  constructor(
    text: string,
    document: Document.Parsed,
    outside: Outside,
    wanted: (path: Path) => Wanted,
  ) {
    this.#text = text;
    this.#document = document;
    this.#outside = outside;
    this.#wanted = wanted;
  }

  /** @param fallback where to point when the node is empty, as in `key:` with nothing behind it. */
  build(node: unknown, path: Path, fallback: Span): Located {
    if (isAlias(node)) return this.#follow(node, path, fallback);
    if (!isCollection(node) && !isScalar(node)) return nothing(fallback);
    if (this.#aliasDepth > 0) this.#aliasedNodes += 1;
    const span = spanOf(node) ?? fallback;
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) {
      const tag = JSON.stringify(node.tag);
      return this.#refuse(path, span, `tags such as ${tag} are not supported`, 'remove it');
    }
    if (isScalar(node)) return this.#scalar(node.value, node.type === 'PLAIN', path, span);
    if (path.length > MAX_DEPTH) return this.#refuse(path, span, 'nested too deep', null);
    this.#open.add(node);
    const built: Located = isMap(node)
      ? { kind: 'map', span, entries: this.#entries(node.items, path, span) }
      : {
          kind: 'list',
          span,
          items: node.items.map((item, index) => this.build(item, [...path, index], span)),
        };
    this.#open.delete(node);
    return built;
  }

  #entries(pairs: readonly Pair[], path: Path, parent: Span): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = this.#keyText(pair.key, path, parent);
      if (key === undefined) continue;
      const first = entries.get(key.text)?.key;
      if (first !== undefined && first !== null) {
        const line = this.#text.slice(0, first.start).split('\n').length;
        const message = `key ${JSON.stringify(key.text)} is given twice, first in line ${line}`;
        this.#refuse(path, key.span, message, 'remove one, or merge the two');
        continue;
      }
      const value = this.build(pair.value, [...path, key.text], key.span);
      entries.set(key.text, { key: key.span, value });
    }
    return entries;
  }

  #keyText(key: unknown, path: Path, parent: Span): { text: string; span: Span } | undefined {
    const span = spanOf(key) ?? parent;
    const text = isScalar(key) ? (key.source ?? String(key.value)) : undefined;
    if (text === undefined) {
      this.#refuse(path, span, 'a key must be a plain word', null);
      return undefined;
    }
    if (text === '<<') {
      const hint = 'repeat the keys, or use an alias for a whole value';
      this.#refuse(path, span, 'merge keys ("<<") are not supported', hint);
      return undefined;
    }
    // Nowhere a useful name, and the one that could reach the prototype of an object somewhere behind the schema.
    if (text === '__proto__') {
      this.#refuse(path, span, 'unknown key "__proto__"', null);
      return undefined;
    }
    return { text, span };
  }

  #follow(alias: Alias, path: Path, fallback: Span): Located {
    const span = spanOf(alias) ?? fallback;
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES || this.#aliasedNodes > MAX_ALIASED_NODES) {
      const limit = `more than ${MAX_ALIASES} aliases, counting those inside of anchors`;
      // Once: the rest of the bomb is not unfolded and not reported.
      const reported = this.problems.some(({ message }) => message === limit);
      return reported ? nothing(span, 'broken') : this.#refuse(path, span, limit, null);
    }
    const target = alias.resolve(this.#document);
    if (target === undefined) {
      const message = `no anchor "&${alias.source}" stands before this alias`;
      const hint = `for a value that starts with "*", use quotes: ${JSON.stringify(`*${alias.source}`)}`;
      return this.#refuse(path, span, message, hint);
    }
    if (this.#open.has(target)) {
      return this.#refuse(path, span, `the alias "*${alias.source}" contains itself`, null);
    }
    this.#aliasDepth += 1;
    const built = this.build(target, path, span);
    this.#aliasDepth -= 1;
    return built;
  }

  #scalar(value: unknown, plain: boolean, path: Path, span: Span): ScalarNode {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      return { kind: 'scalar', span, value, origin: 'written' };
    }
    if (typeof value !== 'string') return this.#refuse(path, span, 'not a value', null);
    if (!value.includes('${')) return { kind: 'scalar', span, value, origin: 'written' };
    const result = interpolate(value, this.#outside);
    let from = span.start;
    for (const { reference, message, hint } of result.bad) {
      // The text of the value differs from the file where it is escaped or folded; then the whole value is marked.
      const found = this.#text.slice(0, span.end).indexOf(reference, from);
      const place = found === -1 ? span : { start: found, end: found + reference.length };
      if (found !== -1) from = place.end;
      this.problems.push({ span: place, path, message, hint });
    }
    if (result.bad.length > 0) return nothing(span, 'broken');
    const typed =
      plain && result.whole ? typedScalar(result.text, this.#wanted(path)) : result.text;
    return { kind: 'scalar', span, value: typed, origin: result.replaced ? 'outside' : 'written' };
  }

  #refuse(path: Path, span: Span, message: string, hint: string | null): ScalarNode {
    this.problems.push({ span, path, message, hint });
    return nothing(span, 'broken');
  }
}

function nothing(span: Span, origin: 'written' | 'broken' = 'written'): ScalarNode {
  return { kind: 'scalar', span, value: null, origin };
}

function spanOf(node: unknown): Span | undefined {
  if (!isScalar(node) && !isCollection(node) && !isAlias(node)) return undefined;
  const { range } = node;
  if (range === null || range === undefined || range[1] <= range[0]) return undefined;
  return { start: range[0], end: range[1] };
}

/** Reads a text as the YAML core schema reads a plain scalar (YAML 1.2.2 section 10.3.2), unless text is wanted. */
function typedScalar(text: string, wanted: Wanted): ScalarNode['value'] {
  const empty = /^(~|null|Null|NULL)?$/.test(text);
  if (wanted === 'text') return text;
  if (empty) return null;
  if (wanted === 'text or null') return text;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^0o[0-7]+$/.test(text)) return Number.parseInt(text.slice(2), 8);
  if (
    /^(0x[0-9a-fA-F]+|[-+]?[0-9]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$/.test(text)
  ) {
    return Number(text);
  }
  return text;
}
