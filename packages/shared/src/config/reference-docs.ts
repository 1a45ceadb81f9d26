/** docs/configuration.md, out of the schema: every key with its path, type, default and description. */
import * as z from 'zod';
import { root } from './schema/root.ts';
import { cidr, fieldName, method, name } from './schema/scalars.ts';
import { type Facet, type Schema, childOf, facetOf, inUnit, variantsOf } from './schema/shape.ts';

const INTRODUCTION = `# Configuration

<!-- Generated from packages/shared/src/config/schema by test/generate.ts; edit the descriptions there. -->

A client connects to a **listener**; a **route** matches the request and names a **pool**; the pool's **policy** picks a
**backend**. The smallest useful file:

\`\`\`yaml
listeners: [{ bind: 0.0.0.0:8080 }]
pools: { web: { backends: [http://127.0.0.1:9001, http://127.0.0.1:9002] } }
\`\`\`

With one pool and no routes, everything goes to that pool. Every key that is not given has its default. A key that does
not exist is an error, and so is one that is planned and does not work yet. \`lbctl check\` shows every mistake at once, with
its line. An editor that knows JSON schemas completes keys when the file starts with
\`# yaml-language-server: $schema=./lb.schema.json\`.

## Values

| type | written as |
| --- | --- |
| duration | \`250ms\` \`5s\` \`2m\` \`1h\`; a fraction is allowed: \`1.5s\` |
| days | \`30d\` |
| size | \`512B\` \`64KiB\` \`10MiB\` \`1GiB\` |
| rate | \`240B/s\` \`1KiB/s\`; \`0\` for no limit |
| request rate | \`100/s\` \`600/m\` \`10000/h\` |
| address range | \`10.0.0.0/8\` \`192.0.2.7\` \`2001:db8::/32\` |
| regular expression | RE2: linear in time, without back-references and look-around |

### Environment and secrets

In every value, but not in keys:

| written | becomes |
| --- | --- |
| \`\${NAME}\` | the environment variable; an error that names it when it is not set |
| \`\${NAME:-default}\` | the variable, or the default when it is unset or empty |
| \`\${file:/run/secrets/x}\` | what the file holds, without its last line break |
| \`$\${\` | a literal \`\${\` |

What is inserted is a value and never read as YAML. A reference that stands alone and without quotes may become a number,
\`true\`, \`false\` or nothing, as if it had been written there: \`workers: \${WORKERS}\`. In quotes it is always text. Inside of
\`{ }\` and \`[ ]\` it must be in quotes, because YAML reads its braces. Messages never show what came from outside.
`;

const WORDS: ReadonlyMap<Schema, string> = new Map<Schema, string>([
  [cidr, 'address range'],
  [fieldName, 'header name'],
  [method, 'method'],
  [name, 'name'],
]);

/** The whole page, as Markdown. */
export function configurationReference(): string {
  const { core } = facetOf(root);
  if (!(core instanceof z.ZodObject)) throw new TypeError('the root of the schema is an object');
  const shape: Readonly<Record<string, Schema>> = core.shape;
  const sections: string[] = [];
  const plain: string[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const rows = rowsOf(key, schema);
    if (rows.length === 1) plain.push(...rows);
    else sections.push(`\n## ${key}\n\n${facetOf(schema).description}\n\n${table(rows.slice(1))}`);
  }
  return `${INTRODUCTION}\n## Top level\n\n${table(plain)}${sections.join('')}`;
}

function table(rows: readonly string[]): string {
  return ['| key | type | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  );
}

function rowsOf(path: string, schema: Schema): string[] {
  const facet = facetOf(schema);
  const own = `| \`${path}\` | ${cell(typeOf(facet))} | ${cell(presetOf(facet))} | ${cell(prose(facet.description))} |`;
  return [own, ...partsOf(path, facet.core).flatMap(([part, inner]) => rowsOf(part, inner))];
}

/** The keys below a key; `[]` is any entry of a list, `<name>` any key of a map, `{mode: x}` one of several kinds of map. */
function partsOf(path: string, core: Schema): [string, Schema][] {
  const variants = variantsOf(core);
  if (variants.length > 0) {
    return variants.flatMap(({ key, value, schema }) =>
      partsOf(`${path}{${key}: ${value}}`, schema),
    );
  }
  if (core instanceof z.ZodObject) {
    const shape: Readonly<Record<string, Schema>> = core.shape;
    return Object.entries(shape).map(([key, schema]) => [`${path}.${key}`, schema]);
  }
  const list = core instanceof z.ZodArray;
  const child = childOf(core, list ? 0 : 'name');
  if (child === undefined) return [];
  const inner = facetOf(child).core;
  return inner instanceof z.ZodObject ? partsOf(`${path}${list ? '[]' : '.<name>'}`, inner) : [];
}

function typeOf({ core, unit, nullable, switchable }: Facet): string {
  const type = unit ?? plainTypeOf(core);
  if (switchable) return `true, false or ${type}`;
  return nullable ? `${type} or null` : type;
}

function plainTypeOf(core: Schema): string {
  const word = WORDS.get(core);
  if (word !== undefined) return word;
  if (core instanceof z.ZodObject || core instanceof z.ZodDiscriminatedUnion) return 'map';
  if (core instanceof z.ZodRecord) return `map of ${plural(core.valueType)}`;
  if (core instanceof z.ZodArray) return `list of ${plural(core.element)}`;
  if (core instanceof z.ZodUnion) return core.options.map((one) => typeOf(facetOf(one))).join(', ');
  if (core instanceof z.ZodEnum) return core.options.map(code).join(', ');
  if (core instanceof z.ZodLiteral) return [...core.values].map(code).join(', ');
  if (core instanceof z.ZodBoolean) return 'true or false';
  if (core instanceof z.ZodNumber) {
    const kind = core.isInt ? 'whole number' : 'number';
    return `${kind} ${core.minValue} to ${core.maxValue}`;
  }
  if (core instanceof z.ZodString) return 'text';
  throw new TypeError(`no word for the schema type ${core._zod.def.type}`);
}

function plural(schema: Schema): string {
  const facet = facetOf(schema);
  const isShort = schema instanceof z.ZodPipe && schema.in instanceof z.ZodTransform;
  if (facet.core instanceof z.ZodObject) return isShort ? 'URLs or maps' : 'maps';
  const type = typeOf(facet);
  return WORDS.has(facet.core) || type === 'text' ? `${type}s` : type;
}

function presetOf(facet: Facet): string {
  if (!facet.optional) return 'required';
  if (facet.preset === undefined) return '';
  const value = inUnit(facet.unit, facet.preset);
  if (value === null) return 'none';
  if (Array.isArray(value)) return `\`[${value.join(', ')}]\``;
  if (typeof value === 'object') return '`{}`';
  return value === '' ? '`""`' : code(value);
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

/** Nothing in a description is markup: `route-<index>` is no tag and `X-Forwarded-*` starts no emphasis. */
function prose(text: string): string {
  return text.replaceAll(/[<*_]/g, '\\$&');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
