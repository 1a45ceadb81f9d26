import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '@lb/shared/config/parse';

const ROOT = new URL('../../', import.meta.url);

describe('the configurations that people start from', () => {
  test('lb.yaml is valid, without a warning', async () => {
    expect(check(await read('lb.yaml'))).toEqual([]);
  });

  test.each(['README.md', 'docs/operations.md'])('every whole example of %s is', async (file) => {
    const examples = [...(await read(file)).matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, yaml]) => yaml,
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(check(completed(example ?? ''))).toEqual([]);
  });
});

function read(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), 'utf8');
}

/** An example of one section, with the sections that every file needs. */
function completed(example: string): string {
  if (example.includes('listeners:')) return example;
  return `listeners: [{ bind: :8080 }]\npools: { web: { backends: [http://127.0.0.1:9001] } }\n${example}`;
}

/** Mistakes and warnings in one list. */
function check(text: string): unknown[] {
  const parsed = parseConfig({ text, file: 'lb.yaml', env: {}, readFile: () => '' });
  return parsed.ok ? [...parsed.warnings] : [...parsed.errors];
}
