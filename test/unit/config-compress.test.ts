/** `compress` of a route, as people write it. */
import { describe, expect, test } from '@jest/globals';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

/** A file whose third line is the route's `compress`. */
function file(compress: string, action = 'pool: web'): string {
  return (
    `listeners: [{ bind: ":8080" }]\nroutes:\n  - compress: ${compress}\n    ${action}\n` +
    'pools: { web: { backends: ["http://127.0.0.1:9001"] } }\n'
  );
}

const settingsOf = (compress: string): unknown => configOf(file(compress)).routes[0]?.compress;

describe('compress', () => {
  test('true is all its defaults', () => {
    expect(settingsOf('true')).toEqual(settingsOf('{}'));
    expect(settingsOf('true')).toMatchObject({ encodings: ['zstd', 'br', 'gzip'], minSize: 1024 });
  });

  test.each([['false'], ['null']])('%s is none of it', (written) => {
    expect(settingsOf(written)).toBeNull();
  });

  test('is off where it does not stand', () => {
    const text =
      'listeners: [{ bind: ":8080" }]\npools: { web: { backends: ["http://127.0.0.1:9001"] } }\n';

    expect(configOf(text).routes[0]?.compress).toBeNull();
  });

  test('has encodings, types and minSize', () => {
    expect(settingsOf('{ encodings: [gzip], types: [text/css, "*+json"], minSize: 4KiB }')).toEqual(
      {
        encodings: ['gzip'],
        types: ['text/css', '*+json'],
        minSize: 4096,
      },
    );
  });

  test.each([
    [
      'gzip',
      '3:15 routes[0].compress: expected true, false or "key: value" lines, found text',
      null,
    ],
    [
      'on',
      '3:15 routes[0].compress: expected true, false or "key: value" lines, found text',
      'write true',
    ],
    [
      '{ encodings: [] }',
      '3:28 routes[0].compress.encodings: expected at least one encoding',
      null,
    ],
    [
      '{ encodings: [gzip, br, gzip] }',
      '3:28 routes[0].compress.encodings: expected every encoding once',
      null,
    ],
    [
      '{ encodings: [gzpi] }',
      '3:29 routes[0].compress.encodings[0]: expected "zstd", "br" or "gzip"',
      'did you mean "gzip"?',
    ],
    [
      '{ types: [html] }',
      '3:25 routes[0].compress.types[0]: expected a media type such as "text/css", "text/*" or "*+json"',
      null,
    ],
    ['{ level: 9 }', '3:17 routes[0].compress: unknown key "level"', null],
  ])('%s is refused where it stands', (written, mistake, hint) => {
    const [error, ...more] = errorsOf(file(written));

    expect(more).toEqual([]);
    expect(error === undefined ? '' : brief(error)).toBe(mistake);
    expect(error?.hint).toBe(hint);
  });

  test.each([['true'], ['{ minSize: 1KiB }']])('%s is refused where no pool answers', (written) => {
    expect(errorsOf(file(written, 'respond: { body: hello }')).map(brief)).toEqual([
      '3:5 routes[0].compress: only what goes to a pool is compressed, and this route has "respond"',
    ]);
  });

  test('false is fine where no pool answers', () => {
    expect(errorsOf(file('false', 'respond: { body: hello }'))).toEqual([]);
  });
});
