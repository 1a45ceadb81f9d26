/** `tracing`, as people write it, and what is shown of it. */
import { describe, expect, test } from '@jest/globals';
import { redact } from '@lb/primary/internal/admin/redact';
import { diffConfig } from '@lb/shared/config/diff';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

/** A file whose third line is `tracing`. */
const file = (tracing: string): string =>
  'listeners: [{ bind: ":8080" }]\npools: { web: { backends: ["http://127.0.0.1:9001"] } }\n' +
  `tracing: ${tracing}\n`;

const DEFAULTS = { otlp: 'http://127.0.0.1:4318', sample: 0.1, serviceName: 'lb', headers: {} };

describe('tracing', () => {
  test.each([
    ['null', null],
    ['{}', DEFAULTS],
    [
      '{ otlp: "https://c.example:8443/x", sample: 1 }',
      { otlp: 'https://c.example:8443/x', sample: 1 },
    ],
    ['{ serviceName: edge, headers: { x-key: "${KEY}" } }', { headers: { 'x-key': 'abc' } }],
  ])('%s', (written, expected) => {
    const { tracing } = configOf(file(written), { env: { KEY: 'abc' } });
    expect(tracing).toEqual(expected === null ? null : { ...tracing, ...expected });
  });

  test.each([
    ['{ otlp: "127.0.0.1:4318" }', 'otlp: expected http://host:4318 or https://host/path'],
    ['{ otlp: "grpc://127.0.0.1:4317" }', 'otlp: expected http://host:4318 or https://host/path'],
    ['{ otlp: "http://" }', 'otlp: expected http://host:4318 or https://host/path'],
    ['{ sample: 10 }', 'sample: expected a number from 0 to 1: 0.1 is a tenth of the traces'],
    ['{ sample: "0.1" }', 'sample: expected a number from 0 to 1: 0.1 is a tenth of the traces'],
    ['{ serviceName: "" }', 'serviceName: expected a name'],
    ['{ headers: { Content-Length: "1" } }', 'expected another header'],
    ['{ headers: { content-type: "text/plain" } }', 'expected another header'],
    ['{ headers: { "a b": "1" } }', 'expected a header name'],
  ])('%s is refused', (written, expected) => {
    const errors = errorsOf(file(written)).map(brief);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^3:\d+ tracing/);
    expect(errors[0]).toContain(expected);
  });

  test('shows no header to anybody, whatever it is called', () => {
    const before = configOf(file('{ headers: { x-team: secret-1, other: secret-2 } }'));
    const after = configOf(file('{ headers: { x-team: secret-3 } }'));
    expect(redact(before)).toMatchObject({
      tracing: { headers: { 'x-team': '[redacted]', other: '[redacted]' }, serviceName: 'lb' },
    });
    expect(JSON.stringify(diffConfig(before, after))).not.toContain('secret-');
  });
});
