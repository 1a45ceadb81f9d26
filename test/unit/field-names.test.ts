import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import * as names from '@lb/worker/internal/http1/field-names';

const SEED = 20_261_125;
const options = { seed: SEED, numRuns: 2_000 };

const NAMED: readonly (readonly [string, names.FieldKind])[] = [
  ['connection', names.CONNECTION],
  ['keep-alive', names.KEEP_ALIVE],
  ['te', names.TE],
  ['trailer', names.TRAILER],
  ['transfer-encoding', names.TRANSFER_ENCODING],
  ['upgrade', names.UPGRADE],
  ['content-length', names.CONTENT_LENGTH],
  ['host', names.HOST],
  ['expect', names.EXPECT],
  ['via', names.VIA],
  ['max-forwards', names.MAX_FORWARDS],
  ['date', names.DATE],
  ['user-agent', names.USER_AGENT],
  ['referer', names.REFERER],
  ['forwarded', names.MAY_IDENTIFY],
  ['traceparent', names.TRACEPARENT],
  ['tracestate', names.TRACESTATE],
];
const ENDING_HERE = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
];
const ALL = [...new Set([...NAMED.map(([name]) => name), ...ENDING_HERE])];

const TCHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const tchar = fc.constantFrom(...TCHARS.split(''));

/** The name with these letters in upper case. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) =>
    name
      .split('')
      .map((c, i) => (upper[i] === true ? c.toUpperCase() : c))
      .join(''),
  );

describe('the kind of a field', () => {
  test.each(NAMED)('%s is known in any case, wherever it stands in a text', (name, kind) => {
    fc.assert(
      fc.property(spelled(name), (spelling) => {
        expect(names.fieldKind(spelling)).toBe(kind);
        expect(names.fieldKindAt(`a: b\r\n${spelling}: c`, 6, 6 + name.length)).toBe(kind);
      }),
      { ...options, numRuns: 50 },
    );
  });

  test.each(ENDING_HERE)('%s ends at this hop', (name) => {
    expect(names.endsHere(names.fieldKind(name))).toBe(true);
  });

  test.each(['host', 'content-length', 'expect', 'via', 'forwarded', 'x-a', 'accept'])(
    '%s does not',
    (name) => {
      expect(names.endsHere(names.fieldKind(name))).toBe(false);
    },
  );

  test('is OTHER for every token that is none of the names', () => {
    const token = fc.array(tchar, { minLength: 1, maxLength: 25 }).map((list) => list.join(''));
    fc.assert(
      fc.property(
        token.filter((name) => !ALL.includes(name.toLowerCase()) && !/^x/i.test(name)),
        (name) => {
          expect(names.fieldKind(name)).toBe(names.OTHER);
        },
      ),
      options,
    );
  });

  test.each(ALL)('is OTHER for %s with any byte of a token in place of one of its own', (name) => {
    for (let at = 0; at < name.length; at++) {
      for (const other of TCHARS) {
        const changed = name.slice(0, at) + other + name.slice(at + 1);
        const isKnown = changed.toLowerCase() === name;
        const isMarked = at === 0 && /x/i.test(other);
        expect([changed, names.fieldKind(changed) !== names.OTHER]).toEqual([
          changed,
          isKnown || isMarked,
        ]);
      }
    }
  });

  test.each(ALL)('is OTHER for %s with a byte more or less', (name) => {
    for (const changed of [`${name}s`, `${name}-`, name.slice(0, -1), `a${name}`])
      expect(names.fieldKind(changed)).toBe(names.OTHER);
  });

  test('is that of a client for whatever begins with an X', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('x', 'X'),
        fc.array(tchar, { maxLength: 40 }).map((list) => list.join('')),
        (x, rest) => {
          expect(names.fieldKind(x + rest)).toBe(names.MAY_IDENTIFY);
        },
      ),
      options,
    );
  });
});

describe('whether a name is spelled somewhere', () => {
  test.each(['x-user-id', 'a_b', 'x-1', "!#$%&'*+.^_`|~", '0', 'a'])(
    '%s is, in any case and in no other spelling',
    (name) => {
      for (let at = 0; at < name.length; at++) {
        for (const other of TCHARS) {
          const changed = name.slice(0, at) + other + name.slice(at + 1);
          expect([changed, names.isSpelledAt(`: ${changed}`, 2, name)]).toEqual([
            changed,
            changed.toLowerCase() === name,
          ]);
        }
      }
      expect(names.isSpelledAt(name.slice(0, -1), 0, name)).toBe(false);
    },
  );
});

describe('the value of a field', () => {
  test('is all its lines joined by commas, in any case of the name', () => {
    const fields = ['Accept', 'a', 'B', 'b', 'ACCEPT', 'c', 'accept', ''];
    expect(names.valueOf(fields, 'accept')).toBe('a, c, ');
  });

  test('is nothing where there is no such field, and empty where it is empty', () => {
    expect(names.valueOf(['A', 'b'], 'b')).toBeUndefined();
    expect(names.valueOf(['A', ''], 'a')).toBe('');
  });
});
