/** The schema as data: what stands at a path, in which unit, with which default. Hints, diffs and the reference docs ask. */
import * as z from 'zod';
import { formatByteRate, formatDuration, formatRate, formatSize } from '../units.ts';
import { hedgeDelay } from './retries.ts';
import {
  byteRate,
  days,
  duration,
  positiveDuration,
  requestRate,
  sampleInterval,
  size,
  sizeOrNone,
} from './scalars.ts';

/** Any schema of zod. */
export type Schema = z.core.$ZodType;

/** A kind of quantity that is a string in the file and a number in the program. */
export type Unit = 'duration' | 'days' | 'size' | 'rate' | 'request rate';

/** A schema without its wrappers. */
export interface Facet {
  /** The object, array, record, string, ... inside. */
  readonly core: Schema;
  readonly unit: Unit | undefined;
  readonly nullable: boolean;
  /** A map that can be written as `true`, which is all its defaults, or as `false`, which is none. */
  readonly switchable: boolean;
  /** May be left out. */
  readonly optional: boolean;
  /** As the program has it (milliseconds, bytes); undefined when there is none or the parts have their own. */
  readonly preset: unknown;
  readonly description: string;
}

/** Takes the wrappers off a schema and keeps what they say. */
export function facetOf(schema: Schema): Facet {
  let core = schema;
  let nullable = false;
  let switchable = false;
  let optional = false;
  let preset: unknown;
  let description: string | undefined;
  for (;;) {
    description ??= z.globalRegistry.get(core)?.description;
    if (core instanceof z.ZodDefault) {
      optional = true;
      preset = core.def.defaultValue;
      core = core.unwrap();
    } else if (core instanceof z.ZodPrefault || core instanceof z.ZodOptional) {
      optional = true;
      if (core instanceof z.ZodPrefault && core.def.defaultValue === false) preset = false;
      core = core.unwrap();
    } else if (core instanceof z.ZodNullable) {
      nullable = true;
      core = core.unwrap();
    } else if (core instanceof z.ZodPipe && core.in instanceof z.ZodTransform) {
      core = core.out; // a preprocess: the shorthand of a backend, a status without quotes, a switch
      switchable = core instanceof z.ZodNullable;
    } else break;
  }
  return {
    core,
    unit: unitOf(core),
    nullable,
    switchable,
    optional,
    preset,
    description: description ?? '',
  };
}

/** What a list, map or object holds under a key, or undefined. Where a key chooses between objects, the first that has it. */
export function childOf(core: Schema, segment: string | number): Schema | undefined {
  for (const { schema } of variantsOf(core)) {
    const child = childOf(schema, segment);
    if (child !== undefined) return child;
  }
  if (core instanceof z.ZodObject && typeof segment === 'string') {
    const shape: Readonly<Record<string, Schema>> = core.shape;
    return Object.hasOwn(shape, segment) ? shape[segment] : undefined;
  }
  if (core instanceof z.ZodArray && typeof segment === 'number') return core.element;
  if (core instanceof z.ZodRecord && typeof segment === 'string') return core.valueType;
  return undefined;
}

/** One of the objects that a key chooses between: `{mode: table, ...}`. */
export interface Variant {
  /** The key that chooses. */
  readonly key: string;
  /** Its value here. */
  readonly value: string;
  readonly schema: Schema;
  /** The keys of the object. */
  readonly keys: readonly string[];
}

/** Those of a schema where a key chooses between objects; none of any other. */
export function variantsOf(core: Schema): readonly Variant[] {
  if (!(core instanceof z.ZodDiscriminatedUnion)) return [];
  const key: string = core.def.discriminator;
  return core.options.flatMap((schema): Variant[] => {
    if (!(schema instanceof z.ZodObject)) return [];
    const chooser: Schema | undefined = childOf(schema, key);
    if (!(chooser instanceof z.ZodLiteral)) return [];
    return [{ key, value: String(chooser.value), schema, keys: Object.keys(schema.shape) }];
  });
}

/** The facet at a path, or undefined where the schema has nothing. */
export function facetAt(root: Schema, path: readonly (string | number)[]): Facet | undefined {
  let facet = facetOf(root);
  for (const segment of path) {
    const child = childOf(facet.core, segment);
    if (child === undefined) return undefined;
    facet = facetOf(child);
  }
  return facet;
}

/** A number of the program as the user would write it: 5000 with the unit duration -> `5s`. Other values as they are. */
export function inUnit(unit: Unit | undefined, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  switch (unit) {
    case 'duration':
      return formatDuration(value);
    case 'days':
      return `${value}d`;
    case 'size':
      return formatSize(value);
    case 'rate':
      return formatByteRate(value);
    case 'request rate':
      return formatRate(value);
    case undefined:
      return value;
  }
}

function unitOf(core: Schema): Unit | undefined {
  // A schema that was given a description is a copy with the same definition.
  const isOneOf = (...kinds: Schema[]): boolean =>
    kinds.some((kind) => kind._zod.def === core._zod.def);
  if (isOneOf(duration, positiveDuration, sampleInterval, hedgeDelay)) return 'duration';
  if (isOneOf(days)) return 'days';
  if (isOneOf(size, sizeOrNone)) return 'size';
  if (isOneOf(requestRate)) return 'request rate';
  return isOneOf(byteRate) ? 'rate' : undefined;
}
