import { describe, expect, test } from '@jest/globals';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

function withFormat(format: string): string {
  return `listeners: [{ bind: ":8080" }]
pools: { web: { backends: ["http://127.0.0.1:9001"] } }
log: { access: { format: ${format} } }
`;
}

describe('the format of the access log', () => {
  test.each(['json', 'combined', 'ecs', '"{client}\\t{header.X-Tenant} {response_header.age}"'])(
    'may be %s',
    (format) => {
      expect(configOf(withFormat(format)).log.access.format).toBe(
        format.startsWith('"') ? JSON.parse(format) : format,
      );
    },
  );

  test('names the placeholders that there are', () => {
    const errors = errorsOf(withFormat('"{client} {statsu} {}"'));
    const all = '{time} .* {header.NAME} {response_header.NAME}';
    expect(errors.map(brief)).toEqual([
      expect.stringMatching(`^3:26 .*unknown placeholder "{statsu}": there are ${all}$`),
      expect.stringMatching(`^3:26 .*unknown placeholder "{}": there are ${all}$`),
    ]);
    expect(errors[0]?.hint).toBe('did you mean "status"?');
  });

  test.each(['jsno', '"{client}\\n{status}"', '"{client} \xe9"', 'null'])('is not %s', (format) => {
    expect(errorsOf(withFormat(format)).map(brief)).toEqual([
      expect.stringMatching(/^3:26 log\.access\.format: expected json, combined, ecs, or a temp/),
    ]);
  });

  test('is of a length that leaves room for the values', () => {
    expect(errorsOf(withFormat(`"{client}${' '.repeat(1_000)}"`)).map(brief)).toEqual([
      '3:26 log.access.format: expected a template of at most 1000 characters',
    ]);
  });
});
