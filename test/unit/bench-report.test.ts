import { describe, expect, test } from '@jest/globals';
import { readOptions, UsageError } from '../bench/options.ts';
import { formatSpread, ratioOf, spreadOf } from '../bench/report/statistics.ts';
import { formatTable } from '../bench/report/table.ts';
import { SCENARIOS } from '../bench/scenarios/registry.ts';

describe('the benchmark', () => {
  test('takes a ratio within each round, and only then its spread', () => {
    const ratio = ratioOf([10, 40, 90], [10, 20, 30]);

    expect(ratio).toEqual({ min: 1, median: 2, max: 3 });
  });

  test('puts the median of an even number of rounds between the middle two', () => {
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  test('shows a dash for what was not measured', () => {
    expect(formatSpread(ratioOf([], [1, 2]), 2)).toBe('-');
  });

  test('writes tables as the formatter would', () => {
    const table = { columns: ['contestant', 'MiB'], rows: [['nginx', '14']] };

    expect(formatTable(table).split('\n')).toEqual([
      '| contestant |  MiB |',
      '| ---------- | ---: |',
      '| nginx      |   14 |',
    ]);
  });

  test('measures the usual scenarios when none is named', () => {
    const names = readOptions([], SCENARIOS)?.scenarios.map(({ name }) => name);

    expect(names).toEqual(['small', 'log', '1m', 'connect', 'latency']);
  });

  test.each([
    ['--scenario', 'smal'],
    ['--only', 'ngnix'],
    ['--rounds', '0'],
    ['--rounds', '1.5'],
    ['--seconds', 'x'],
    ['--speed', '9'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args, SCENARIOS)).toThrow(UsageError);
  });
});
