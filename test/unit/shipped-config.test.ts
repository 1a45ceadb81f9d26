import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '@lb/shared/config/parse';

const ROOT = new URL('../../', import.meta.url);

describe('the configurations that people start from', () => {
  test.each(['lb.yaml', 'deploy/two-instances/lb.yaml'])(
    '%s is valid, without a warning',
    async (file) => {
      expect(check(await read(file))).toEqual([]);
    },
  );

  test('the two instances in containers are told what their lb.yaml asks for', async () => {
    const compose = await read('deploy/two-instances/compose.yaml');
    const yaml = await read('deploy/two-instances/lb.yaml');
    const env: Record<string, string> = {};
    for (const [, name = '', value = ''] of compose.matchAll(/^ {6}([A-Z][A-Z0-9_]+): (.+)$/gm))
      env[name] = value;

    expect(Object.keys(env)).toEqual(['REDIS_URL', 'WEB_1', 'WEB_2', 'WEB_3']);
    for (const name of Object.keys(env)) expect(yaml).toContain(`\${${name}:-`);
    expect(check(yaml, env)).toEqual([]);
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
function check(text: string, env: Readonly<Record<string, string>> = {}): unknown[] {
  const parsed = parseConfig({ text, file: 'lb.yaml', env, readFile: () => '' });
  return parsed.ok ? [...parsed.warnings] : [...parsed.errors];
}
