/** lb.yaml as a JSON schema, for editors (`# yaml-language-server: $schema=...`) and `lbctl schema`. */
import * as z from 'zod';
import { root } from './schema/root.ts';
import { facetOf, inUnit } from './schema/shape.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A reference may stand for any scalar, so an editor must not underline `workers: ${WORKERS}`. */
const REFERENCE = '\\$\\{[^}]*\\}';

/** The schema of what people write (draft 7): durations and sizes are strings, and so are their defaults. */
export function lbJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(root, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      const { unit, preset } = facetOf(zodSchema);
      if (preset !== undefined) jsonSchema.default = inUnit(unit, preset);
      if (zodSchema instanceof z.ZodPipe && zodSchema.in instanceof z.ZodTransform) {
        const { core, switchable } = facetOf(zodSchema);
        if (switchable) jsonSchema.anyOf?.push({ type: 'boolean' });
        else if (core instanceof z.ZodObject) orUrl(jsonSchema);
        else orNumbers(jsonSchema);
      }
    },
  });
  const open = withReferences(schema);
  const title = 'lb.yaml: the configuration of lbctl';
  return { $schema: schema.$schema, title, ...(isRecord(open) ? open : {}) };
}

/** The shorthand of a backend: its URL alone. */
function orUrl(schema: JsonSchema): void {
  const whole = { ...schema };
  for (const key of Object.keys(schema)) delete schema[key];
  const { description } = whole;
  if (description !== undefined) schema.description = description;
  schema.anyOf = [{ type: 'string', description: 'URL of the backend.' }, whole];
}

/** Words that are numbers may be written as such. */
function orNumbers(schema: JsonSchema): void {
  const words = schema.enum ?? [];
  delete schema.type;
  schema.enum = [...words, ...words.map(Number).filter((number) => !Number.isNaN(number))];
}

/** Lets every scalar be a reference as well. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (!isRecord(value)) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      if (key === 'default' || key === 'enum' || key === 'propertyNames') return [key, part];
      return [key, withReferences(part)];
    }),
  );
  const { description, default: preset, ...rule } = copy;
  const annotations = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
  const reference = { type: 'string', pattern: REFERENCE };
  const { type, pattern } = rule;
  if (type === 'string' && typeof pattern === 'string') {
    return { ...annotations, ...rule, pattern: `${REFERENCE}|${pattern}` };
  }
  const sized = type === 'string' && 'minLength' in rule;
  const scalar =
    sized || type === 'integer' || type === 'number' || type === 'boolean' || 'enum' in rule;
  if (scalar) return { ...annotations, anyOf: [rule, reference] };
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
