/** What the schema refuses, as problems with a place, a sentence and a guess. */
import * as z from 'zod';
import { isMapSchema, valueHint } from './hints.ts';
import {
  type Located,
  type Path,
  type Place,
  type Problem,
  at,
  headSpan,
  locate,
  plainValue,
  quoted,
  textOf,
} from './located.ts';
import { type Facet, type Schema, type Variant, facetAt, variantsOf } from './schema/shape.ts';
import { didYouMean, nearest } from './suggest.ts';
import { isUnsupportedKey, isUnsupportedValue } from './unsupported.ts';

type Issue = z.core.$ZodIssue;

/** Explains every issue of a failed parse of `root` by `schema`. Values that were reported before are passed over. */
export function schemaProblems(issues: readonly Issue[], root: Located, schema: Schema): Problem[] {
  const flat = issues.flatMap((issue) => unfold(issue, root, schema));
  const problems = flat.flatMap((issue) => unknownKeys(issue, root, schema));
  const meant = new Set(problems.map(({ meant: key }) => key));
  for (const issue of flat) {
    if (issue.code === 'unrecognized_keys') continue;
    const place = locate(root, pathOf(issue));
    if (place.node.kind === 'scalar' && place.node.origin === 'broken') continue;
    if (place.rest.length > 0 && place.node.kind === 'map') {
      // A key that was mistyped is one mistake, not an unknown and a missing key.
      if (!meant.has(JSON.stringify(pathOf(issue)))) problems.push(missingKey(place));
    } else problems.push(badValue(issue, place, schema));
  }
  return problems.map(({ span, path, message, hint }) => ({ span, path, message, hint }));
}

/** A record stops at a bad key and says nothing about the value below: that is asked here. */
function unfold(issue: Issue, root: Located, schema: Schema): Issue[] {
  if (issue.code !== 'invalid_key') return [issue];
  const path = pathOf(issue);
  const facet = facetAt(schema, path.slice(0, -1));
  const { node, rest } = locate(root, path);
  if (rest.length > 0 || !(facet?.core instanceof z.ZodRecord)) return [issue];
  const below = z.safeParse(facet.core.valueType, plainValue(node));
  const deeper = (below.error?.issues ?? []).map((inner) => ({
    ...inner,
    path: [...path, ...inner.path],
  }));
  return [issue, ...deeper];
}

interface Unknown extends Problem {
  /** The path of the key it was probably meant to be, as JSON. */
  readonly meant?: string;
}

function unknownKeys(issue: Issue, root: Located, schema: Schema): Unknown[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const parent = pathOf(issue);
  const { node } = locate(root, parent);
  const variants = variantsOf(facetAt(schema, parent)?.core ?? schema);
  const variant = variants.find(({ key, value }) => textOf(at(root, ...parent, key)) === value);
  const known = (variant?.keys ?? keysAt(schema, parent)).filter(
    (key) => node.kind !== 'map' || !node.entries.has(key),
  );
  return issue.keys.map((key) => {
    const entry = node.kind === 'map' ? node.entries.get(key) : undefined;
    const span = entry?.key ?? node.span;
    const name = JSON.stringify(key);
    if (isUnsupportedKey(parent, key)) {
      return { span, path: parent, message: `${name} is not supported yet`, hint: null };
    }
    const elsewhere = variants.filter(({ keys }) => keys.includes(key));
    if (variant !== undefined && elsewhere.length > 0) {
      return { span, path: parent, ...misplaced(name, variant, elsewhere) };
    }
    const guess = nearest(key, known);
    return {
      span,
      path: parent,
      message: `unknown key ${name}`,
      hint: guess === undefined ? null : `did you mean ${JSON.stringify(guess)}?`,
      ...(guess === undefined ? {} : { meant: JSON.stringify([...parent, guess]) }),
    };
  });
}

/** A key that another value of the choosing key would bring. */
function misplaced(
  name: string,
  { key, value }: Variant,
  elsewhere: readonly Variant[],
): Pick<Problem, 'message' | 'hint'> {
  const others = elsewhere.map((variant) => variant.value).join(' or ');
  return {
    message: `${name} does not go with "${key}: ${value}"`,
    hint: `it goes with "${key}: ${others}"`,
  };
}

function missingKey(place: Place): Problem {
  const message = `missing key ${JSON.stringify(String(place.rest[0]))}`;
  return { span: headSpan(place), path: place.reached, message, hint: null };
}

function badValue(issue: Issue, place: Place, schema: Schema): Problem {
  const { node, key, reached } = place;
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'not a name that may stand here';
    return { span: key ?? node.span, path: reached, message, hint: null };
  }
  const refused = { span: node.span, path: reached };
  if (node.kind === 'scalar' && isUnsupportedValue(reached, node.value)) {
    return { ...refused, message: `${quoted(node)} is not supported yet`, hint: null };
  }
  const facet = facetAt(schema, pathOf(issue));
  const hint = facet === undefined ? null : valueHint(facet, node, reached);
  if (issue.code === 'invalid_type') {
    const message = `${expectation(issue, facet)}, found ${kindOf(node)}`;
    return { ...refused, message, hint };
  }
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined) {
    return { ...refused, ...choice(issue.options, node, hint) };
  }
  if (issue.code === 'invalid_value') return { ...refused, ...choice(issue.values, node, hint) };
  return { ...refused, message: issue.message, hint };
}

function choice(
  values: readonly unknown[],
  node: Located,
  hint: string | null,
): Pick<Problem, 'message' | 'hint'> {
  const words = values.map((value) => JSON.stringify(value));
  const last = words.pop() ?? '';
  const message = `expected ${words.length === 0 ? '' : `${words.join(', ')} or `}${last}`;
  if (node.kind !== 'scalar' || node.value === null) {
    return { message: `${message}, found ${kindOf(node)}`, hint };
  }
  const guess =
    node.origin === 'written' ? didYouMean(String(node.value), values.map(String)) : null;
  return { message, hint: guess ?? hint };
}

function expectation(issue: Issue, facet: Facet | undefined): string {
  // Schemas say it better where they have something to say; zod's own sentence starts with "Invalid".
  if (!issue.message.startsWith('Invalid')) return issue.message;
  const core = facet?.core;
  if (core instanceof z.ZodArray) return 'expected a list';
  if (core !== undefined && isMapSchema(core)) return 'expected "key: value" lines';
  if (core instanceof z.ZodBoolean) return 'expected true or false';
  if (core instanceof z.ZodNumber) return 'expected a number';
  return 'expected text';
}

function kindOf(node: Located): string {
  if (node.kind === 'map') return '"key: value" lines';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'string') return 'text';
  if (typeof node.value === 'number') return 'a number';
  // A secret has no two values, but who knows what an environment holds.
  return node.origin === 'written' ? String(node.value) : 'true or false';
}

function keysAt(schema: Schema, path: Path): string[] {
  const core = facetAt(schema, path)?.core;
  return core instanceof z.ZodObject ? Object.keys(core.shape) : [];
}

function pathOf(issue: Issue): (string | number)[] {
  return issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
}
