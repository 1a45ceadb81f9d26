import { describe, expect, test } from '@jest/globals';
import { brief, configOf, errorsOf } from '../support/config-text.ts';

const POOLS = 'pools: { web: { backends: [http://127.0.0.1:9001] } }\n';
const LISTENERS = 'listeners: [{ bind: ":8080" }]\n';

const withToken = (token: string): string => `${LISTENERS}${POOLS}admin:\n  token: ${token}\n`;

describe('YAML traps', () => {
  test.each([
    ['an empty file', '', '1:1 : the file is empty', 'it needs at least "listeners" and "pools"'],
    [
      'comments only',
      '# later\n',
      '1:1 : the file is empty',
      'it needs at least "listeners" and "pools"',
    ],
    [
      'a list at the root',
      '- bind: :80\n',
      '1:1 : expected keys such as "listeners:" and "pools:", found a list',
      null,
    ],
    [
      'a word at the root',
      'listeners\n',
      '1:1 : expected keys such as "listeners:" and "pools:", found a single value',
      null,
    ],
    [
      'a tab',
      'pools:\n  web:\n  \tbackends: []\n',
      '3:3 : tabs may not be used for indentation',
      'use spaces',
    ],
    [
      'a second document',
      'workers: 1\n---\nworkers: 2\n',
      '2:1 : only one document may stand in the file',
      'remove this "---" and what follows it, or merge it into the part above',
    ],
    [
      'a second colon',
      'pools: web: x\n',
      '1:8 : a second "key:" on one line',
      'put it on its own line, or the value in quotes when it contains ": "',
    ],
    [
      'a missing colon',
      'listeners\n  - bind: x\n',
      '1:1 : expected "key: value"',
      'is a ":" missing, or a "- " too many?',
    ],
    [
      'uneven indentation',
      'log:\n    level: info\n  format: json\n',
      '3:1 : this line is not indented like the lines it belongs to',
      'keys of one map, and the "-" of one list, start in the same column',
    ],
    [
      'a reserved character',
      'workers: @all\n',
      '1:10 : a value cannot start with this character',
      'put the value in quotes',
    ],
    [
      'a regular expression in double quotes',
      'routes: [{ match: { paths: ["~\\d"] } }]\n',
      '1:31 : not an escape that a double-quoted string knows',
      "use single quotes, where a backslash is only a backslash: '~^/\\d+$'",
    ],
    [
      'a reference in braces',
      'log: { level: ${LEVEL} }\n',
      '1:16 : a reference inside { } or [ ] must be in quotes, because YAML reads its braces',
      'write "${NAME}" with the quotes',
    ],
    ['brackets without end', '['.repeat(20_000), expect.stringMatching(/nested too deep$/), null],
  ])('names %s', (_, text, said, hint) => {
    const errors = errorsOf(text);

    expect(errors.map((error) => [brief(error), error.hint])).toEqual([[said, hint]]);
  });

  test('reports syntax errors of several lines together', () => {
    const errors = errorsOf('workers: @a\nlog: `b`\n');

    expect(errors.map(({ line }) => line)).toEqual([1, 2]);
  });

  test.each([
    [
      'a key that is given twice',
      'workers: 1\nworkers: 2\n',
      '4:1 : key "workers" is given twice, first in line 3',
    ],
    ['a merge key', '<<: {}\n', '3:1 : merge keys ("<<") are not supported'],
    ['a tag', 'workers: !secret 4\n', '3:18 workers: tags such as "!secret" are not supported'],
    [
      'an alias without anchor',
      'trustedProxies: [*lan]\n',
      '3:18 trustedProxies[0]: no anchor "&lan" stands before this alias',
    ],
    [
      'an alias that contains itself',
      'trustedProxies: &all [*all]\n',
      '3:23 trustedProxies[0]: the alias "*all" contains itself',
    ],
    ['a key that is no word', '? [a]\n: 1\n', '3:3 : a key must be a plain word'],
    [
      'nothing behind a key',
      'workers:\n',
      '3:1 workers: expected "auto" or a whole number from 1 to 1024',
    ],
    [
      'yes for true',
      'log: { access: { enabled: yes } }\n',
      '3:27 log.access.enabled: expected true or false, found text',
    ],
  ])('names %s', (_, text, said) => {
    expect(errorsOf(LISTENERS + POOLS + text).map(brief)).toEqual([said]);
  });

  test('notices the space that is missing behind a key', () => {
    const errors = errorsOf(`listeners:\n  - bind:0.0.0.0:8080\n${POOLS}`);

    expect(errors.map((error) => [brief(error), error.hint])).toEqual([
      [
        '2:5 listeners[0]: expected "key: value" lines, found text',
        'a space is missing after "bind:"',
      ],
    ]);
  });

  test('takes :8080 without quotes as a bind', () => {
    expect(configOf(`listeners:\n  - bind: :8080\n${POOLS}`).listeners[0]?.bind).toBe(':8080');
  });

  test('stops at an alias bomb', () => {
    const levels = Array.from({ length: 20 }, (_, level) =>
      level === 0 ? 'l0: &l0 [x]' : `l${level}: &l${level} [*l${level - 1}, *l${level - 1}]`,
    );

    expect(errorsOf(levels.join('\n')).map(({ message }) => message)).toContain(
      'more than 100 aliases, counting those inside of anchors',
    );
  });

  test.each(['__proto__', 'constructor', 'toString'])('finds nothing behind the key %s', (key) => {
    const text = `${LISTENERS}${POOLS}log: { ${key}: { level: debug, polluted: 1 } }\n${key}: { polluted: 1 }\n`;

    expect(errorsOf(text).map(brief)).toEqual([
      `3:8 log: unknown key "${key}"`,
      `4:1 : unknown key "${key}"`,
    ]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test.each([
    ['__proto__', '2:10 pools: unknown key "__proto__"'],
    ['constructor', '2:10 pools.constructor: "constructor" is reserved and cannot name a pool'],
    ['toString', '2:10 pools.toString: "toString" is reserved and cannot name a pool'],
  ])('refuses a pool named %s', (name, said) => {
    const text = `${LISTENERS}pools: { ${name}: { backends: [http://a] }, web: { backends: [http://b] } }\nroutes: [{ pool: web }]\n`;

    expect(errorsOf(text).map(brief)).toEqual([said]);
  });

  test('keeps a query parameter named constructor apart from the prototype', () => {
    const text = `${LISTENERS}${POOLS}routes: [{ pool: web, match: { query: { constructor: "1" } } }]\n`;
    const query = configOf(text).routes[0]?.match.query ?? {};

    expect(Object.entries(query)).toEqual([['constructor', '1']]);
  });
});

describe('references to the environment and to files', () => {
  test('stand for the variable, its default, or what a file holds without its last line break', () => {
    const files = { '/run/secrets/token': 'from-a-file\n' };

    expect(configOf(withToken('${TOKEN}'), { env: { TOKEN: 'from-env-1' } }).admin.token).toBe(
      'from-env-1',
    );
    expect(configOf(withToken('${TOKEN:-a-default}')).admin.token).toBe('a-default');
    expect(configOf(withToken('${TOKEN:-a-default}'), { env: { TOKEN: '' } }).admin.token).toBe(
      'a-default',
    );
    expect(configOf(withToken('${file:/run/secrets/token}'), { files }).admin.token).toBe(
      'from-a-file',
    );
  });

  test('may stand in the middle of a value, several times', () => {
    const env = { HOST: 'app.internal', PORT: '81' };
    const config = configOf(
      `${LISTENERS}pools: { web: { backends: ["http://\${HOST}:\${PORT}"] } }`,
      { env },
    );

    expect(config.pools['web']?.backends[0]?.url).toBe('http://app.internal:81');
  });

  test('are written out with a second dollar sign', () => {
    const text = `${LISTENERS}routes: [{ respond: { body: "costs $\${PRICE}, $5" } }]\n`;

    expect(configOf(text).routes[0]?.action).toMatchObject({ body: 'costs ${PRICE}, $5' });
  });

  test('become a number when they stand alone and without quotes', () => {
    expect(configOf(`${LISTENERS}${POOLS}workers: \${N}`, { env: { N: '2' } }).workers).toBe(2);
  });

  test('stay text in quotes', () => {
    const errors = errorsOf(`${LISTENERS}${POOLS}workers: "\${N}"`, { env: { N: '2' } });

    expect(errors.map(({ path }) => path)).toEqual(['workers']);
  });

  test('stay text where the schema wants text, so a token may be all digits', () => {
    expect(configOf(withToken('${TOKEN}'), { env: { TOKEN: '0123456789' } }).admin.token).toBe(
      '0123456789',
    );
  });

  test('mean nothing given when an optional text comes out empty', () => {
    expect(configOf(withToken('${TOKEN:-}')).admin.token).toBeNull();
  });

  test('cannot inject YAML', () => {
    const env = {
      LEVEL: 'info, access: { enabled: false }',
      BODY: 'x"\nadmin: { bind: "0.0.0.0:1" }',
    };
    const text = `${LISTENERS}routes: [{ respond: { body: "\${BODY}" } }]\n`;

    expect(configOf(text, { env }).routes[0]?.action).toMatchObject({ body: env.BODY });
    expect(errorsOf(`${text}log:\n  level: \${LEVEL}\n`, { env }).map(({ path }) => path)).toEqual([
      'log.level',
    ]);
  });

  test.each([
    ['${TOKEN}', '4:10 admin.token: environment variable TOKEN is not set'],
    [
      '"a ${ONE} and ${TWO:-x} and ${THREE}"',
      '4:13 admin.token: environment variable ONE is not set',
      '4:38 admin.token: environment variable THREE is not set',
    ],
    [
      '${file:/run/secrets/none}',
      '4:10 admin.token: cannot read the file "/run/secrets/none" (ENOENT)',
    ],
    ['${1TOKEN}', '4:10 admin.token: not a reference to a variable or a file'],
    ['"${}"', '4:11 admin.token: not a reference to a variable or a file'],
    ['"${TOKEN"', '4:11 admin.token: not a reference to a variable or a file'],
    ['${toString}', '4:10 admin.token: environment variable toString is not set'],
  ])('are refused at their place: %s', (token, ...said) => {
    expect(errorsOf(withToken(token)).map(brief)).toEqual(said);
  });

  test('never show up in a message, whatever is wrong with them', () => {
    const secret = 'hunter2';
    const env = { S: secret };
    const text = `listeners:
  - bind: "\${S}"
    name: "\${S}"
  - bind: ":81"
    name: "\${S}"
    limits: { headerTimeout: "\${S}", maxBody: "\${S}" }
routes:
  - pool: \${S}
    name: "\${S}"
    headers: { request: { set: { X-A: "\${S}\\n" }, remove: ["\${S} "] } }
  - redirect: { to: "https://{\${S}}/" }
    name: "\${S}"
pools:
  hunter3:
    policy: \${S}
    backends: ["\${S}", { url: "https://\${S}", name: "\${S}" }, { url: "http://\${S}", name: "\${S}" }, "http://\${S}:81", "http://\${S}:81"]
    retries: { on: ["\${S}"] }
log: { level: "\${S}", access: { enabled: "\${S}" } }
admin: { token: "\${S}" }
requestId: { header: "\${S} x" }
`;
    const errors = errorsOf(text, { env });

    expect(errors.length).toBeGreaterThan(15);
    expect(JSON.stringify(errors)).not.toContain(secret);
    // A near miss would give the value away.
    expect(errors.map(({ hint }) => hint).filter((hint) => hint?.includes('hunter3'))).toEqual([
      'the pools are hunter3',
    ]);
  });
});
