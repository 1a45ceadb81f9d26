import { describe, expect, test } from '@jest/globals';
import { compileEdits } from '@lb/worker/internal/request/header-edits';

type Edits = Parameters<typeof compileEdits>[0];

function edited(edits: Partial<Edits>, raw: readonly string[]): string[] {
  const headers = [...raw];
  compileEdits({ set: {}, add: {}, remove: [], ...edits })?.(headers);
  return headers;
}

describe('edits of header fields', () => {
  test('are none when nothing is to be changed', () => {
    expect(compileEdits({ set: {}, add: {}, remove: [] })).toBeUndefined();
  });

  test('leave fields of other names where they are, spelt as they were', () => {
    const raw = ['X-Abc', '1', 'x-abd', '2', 'X-A', '3'];
    expect(edited({ remove: ['x-xyz', 'x-ab'] }, raw)).toEqual(raw);
  });

  test.each([
    ['x-a', 'X-A'],
    ['X-A', 'x-a'],
    ['X-a', 'x-A'],
  ])('remove %s where the message says %s', (removed, said) => {
    expect(edited({ remove: [removed] }, ['B', '1', said, '2', 'C', '3', said, '4'])).toEqual(
      ['B', '1', 'C', '3'], //
    );
  });

  test.each([
    ['x^', 'x~'],
    ['x~', 'x^'],
    ['x_', 'x\x7f'],
    ['x-1', 'x\r1'],
  ])('tell %j from %j, which differ by one bit', (removed, said) => {
    expect(edited({ remove: [removed] }, [said, '1'])).toEqual([said, '1']);
  });

  test('set a field once, whatever lines it had', () => {
    expect(edited({ set: { 'X-A': 'new' } }, ['x-a', '1', 'B', '2', 'X-A', '3'])).toEqual(
      ['B', '2', 'X-A', 'new'], //
    );
  });

  test('add a line beside those that are there, after those that are set', () => {
    const edits = { set: { S: '1' }, add: { 'x-a': '2' } };
    expect(edited(edits, ['X-A', '1'])).toEqual(['X-A', '1', 'S', '1', 'x-a', '2']);
  });

  test('put a field back that they remove and add', () => {
    expect(edited({ remove: ['x-a'], add: { 'X-A': '2' } }, ['x-a', '1'])).toEqual(['X-A', '2']);
  });
});
