import { describe, expect, test } from '@jest/globals';
import { lbJsonSchema } from '@lb/shared/config/json-schema';
import { configurationReference } from '@lb/shared/config/reference-docs';

/** Follows property names and `items` through a JSON schema. */
function schemaAt(...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (schema, key) =>
      typeof schema === 'object' && schema !== null
        ? Object.entries(schema).find(([name]) => name === key)?.[1]
        : undefined,
    lbJsonSchema(),
  );
}

describe('the JSON schema', () => {
  test('is of draft 7 and refuses keys that do not exist', () => {
    expect(lbJsonSchema()).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      required: ['listeners'],
      additionalProperties: false,
    });
  });

  test('shows defaults as people write them', () => {
    const limits = ['properties', 'listeners', 'items', 'properties', 'limits', 'properties'];

    expect(schemaAt(...limits, 'headerTimeout')).toMatchObject({ default: '10s' });
    expect(schemaAt(...limits, 'maxHeaderSize')).toMatchObject({ default: '32KiB' });
    expect(schemaAt(...limits, 'bodyMinRate')).toMatchObject({ default: '240B/s' });
    expect(schemaAt(...limits, 'maxHeaders')).toMatchObject({ default: 100 });
  });

  test('takes a backend as a URL or as an object', () => {
    const backend = schemaAt(
      'properties',
      'pools',
      'additionalProperties',
      'properties',
      'backends',
      'items',
    );

    expect(backend).toMatchObject({
      anyOf: [{ type: 'string' }, { type: 'object', required: ['url'] }],
    });
  });

  test('lets a reference to the environment stand for a number', () => {
    const weight = schemaAt('properties', 'log', 'properties', 'access', 'properties', 'sample');

    expect(weight).toMatchObject({ default: 1, anyOf: [{ type: 'number' }, { type: 'string' }] });
  });

  test('says which keys go with each mode of sticky', () => {
    const pool = ['properties', 'pools', 'additionalProperties', 'properties'];

    expect(schemaAt(...pool, 'sticky')).toMatchObject({
      anyOf: [
        {
          oneOf: [
            { properties: { mode: { const: 'cookie' }, sameSite: {} }, required: ['mode'] },
            { properties: { mode: { const: 'table' }, key: {} }, required: ['mode', 'key'] },
            { properties: { mode: { const: 'learn' } }, required: ['mode', 'cookie'] },
          ],
        },
        { type: 'null' },
      ],
    });
  });

  test('describes every key', () => {
    const silent: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, part] of Object.entries(schema)) {
        if (key === 'properties') {
          for (const [name, child] of Object.entries(part as Record<string, object>)) {
            if (!('description' in child)) silent.push(`${path}.${name}`);
          }
        }
        visit(part, `${path}.${key}`);
      }
    };
    visit(lbJsonSchema(), '');

    expect(silent).toEqual([]);
  });
});

describe('the reference page', () => {
  test.each([
    '| `workers` | `auto`, whole number 1 to 1024 | `auto` |',
    '| `listeners[].bind` | text | required |',
    '| `listeners[].limits.headerTimeout` | duration | `10s` |',
    '| `listeners[].limits.maxHeaderSize` | size | `32KiB` |',
    '| `routes[].match.methods` | list of methods | `[]` |',
    '| `routes[].redirect.status` | `301`, `302`, `303`, `307`, `308` | `308` |',
    '| `pools.<name>.backends` | list of URLs or maps | required |',
    '| `pools.<name>.healthCheck.port` | whole number 1 to 65535 or null | none |',
    '| `pools.<name>.sticky` | map or null | none |',
    '| `pools.<name>.sticky{mode: table}.key` | text | required |',
    '| `pools.<name>.sticky{mode: learn}.mode` | `learn` | required |',
    '| `log.access.enabled` | true or false | `true` |',
  ])('has the row %s', (row) => {
    expect(configurationReference()).toContain(row);
  });
});
