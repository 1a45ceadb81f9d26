/** `pools.*.passiveHealth` and `panicThreshold`: defaults, mistakes, and what is probably not meant. */
import { describe, expect, test } from '@jest/globals';
import { diffConfig } from '@lb/shared/config/diff';
import { brief, configOf, errorsOf, warningsOf } from '../support/config-text.ts';

const BACKENDS = ['http://a', 'http://b', 'http://c'];

const fileWith = (keys: string, count = 3): string =>
  `listeners: [{ bind: ":8080" }]\npools: { web: { backends: [${BACKENDS.slice(0, count).join(', ')}], ${keys} } }\n`;

test('errors in a row eject, and nothing else, by default', () => {
  expect(configOf(fileWith('')).pools['web']).toMatchObject({
    passiveHealth: {
      consecutiveErrors: 5,
      errorRate: 0,
      latencyFactor: 0,
      window: 10_000,
      minRequests: 20,
      ejectFor: 30_000,
      maxEjectFor: 300_000,
      maxEjectedPercent: 50,
    },
    panicThreshold: 0,
  });
});

test('a reload says what changed', () => {
  const before = configOf(fileWith(''));
  const after = configOf(fileWith('passiveHealth: { ejectFor: 1m }, panicThreshold: 50'));
  expect(diffConfig(before, after).map(({ text }) => text)).toEqual([
    'pool web: passiveHealth.ejectFor 30s -> 1m',
    'pool web: panicThreshold 0 -> 50',
  ]);
});

test.each([
  [
    'passiveHealth: { errorRate: 30 }',
    'errorRate',
    'expected a share from 0 to 1 such as 0.3, 0 for off',
  ],
  [
    'passiveHealth: { latencyFactor: 1 }',
    'latencyFactor',
    'expected 0 for off, or a number above 1 and up to 1000',
  ],
  [
    'passiveHealth: { latencyFactor: -3 }',
    'latencyFactor',
    'expected 0 for off, or a number above 1 and up to 1000',
  ],
  ['passiveHealth: { window: 0s }', 'window', 'expected a duration above zero'],
  ['passiveHealth: { minRequests: 0 }', 'minRequests', 'expected a whole number from 1 to 1000000'],
  [
    'passiveHealth: { maxEjectedPercent: 101 }',
    'maxEjectedPercent',
    'expected a whole number from 0 to 100',
  ],
])('%s is refused with what is allowed', (keys, key, message) => {
  expect(errorsOf(fileWith(keys)).map(({ path, message: text }) => [path, text])).toEqual([
    [`pools.web.passiveHealth.${key}`, message],
  ]);
});

test('panicThreshold: 101 is refused with what is allowed', () => {
  expect(errorsOf(fileWith('panicThreshold: 101')).map(({ message }) => message)).toEqual([
    'expected a whole number from 0 to 100',
  ]);
});

describe('a warning says when', () => {
  test.each([
    [
      'ejectFor: 10m',
      3,
      'ejectFor: ejectFor is longer than maxEjectFor: every ejection lasts maxEjectFor',
    ],
    [
      'maxEjectFor: 10s',
      3,
      'maxEjectFor: ejectFor is longer than maxEjectFor: every ejection lasts maxEjectFor',
    ],
    ['latencyFactor: 3', 2, 'latencyFactor: this takes 3 backends to compare'],
    [
      'maxEjectedPercent: 33',
      3,
      'maxEjectedPercent: 33 % of 3 backends are none: nothing is ejected',
    ],
  ])('%s of %d backends changes little', (settings, count, warning) => {
    const found = warningsOf(fileWith(`passiveHealth: { ${settings} }`, count)).map(brief);
    expect(found).toEqual([expect.stringContaining(`pools.web.passiveHealth.${warning}`)]);
  });

  test('the pool has a single backend', () => {
    const found = warningsOf(fileWith('passiveHealth: { errorRate: 0.5 }', 1)).map(brief);
    expect(found).toEqual([
      expect.stringContaining(
        'pools.web.passiveHealth: the last backend is never ejected, and this pool has no other',
      ),
    ]);
    expect(warningsOf(fileWith('', 1))).toEqual([]);
  });
});
