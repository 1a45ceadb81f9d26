import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { FieldSection } from '@lb/worker/internal/http1/field-section';
import { EXPECT, HOST, VIA } from '@lb/worker/internal/http1/field-names';
import {
  fieldsOf,
  type HeadText,
  headTextOf,
  MARK_LENGTH,
  toLines,
} from '@lb/worker/internal/http1/head-text';

const SEED = 20_261_124;
const options = { seed: SEED, numRuns: 1_000 };

const KNOWN = ['Host', 'HOST', 'Via', 'te', 'X-Forwarded-For', 'Connection', 'content-length'];
const token = fc.oneof(
  fc.constantFrom(...KNOWN),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/),
);
const value = fc.stringMatching(/^([!-~\x80-\xff]([\t -~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const fields = fc.array(fc.tuple(token, value), { maxLength: 12 }).map((list) => list.flat());

/** What the parser makes of a head with such a start line. */
function parsed(startLine: string, lines: string): HeadText {
  const section = new FieldSection(
    { maxHeadBytes: 65_536, maxFields: 100 },
    { isStartLine: () => true, error: 'bad_request_line' },
  );
  const bytes = Buffer.from(`${startLine}${lines}\r\n`, 'latin1');
  section.begin(startLine !== '');
  expect(section.read(bytes, 0, bytes.length)).toBe(bytes.length);
  return section.takeHead();
}

/** Each mark as what it stands for. */
function marksOf(head: HeadText): unknown[] {
  const marks: unknown[] = [];
  for (let mark = 0; mark < head.marks.length; mark += MARK_LENGTH)
    marks.push([head.marks[mark], head.nameAt(mark), head.rawValueAt(mark), head.valueAt(mark)]);
  return marks;
}

describe('fields and their lines', () => {
  test('lines are read back as the fields that they were made of', () => {
    fc.assert(
      fc.property(fields, (list) => {
        expect(fieldsOf(toLines(list))).toEqual(list);
      }),
      options,
    );
  });

  test('a value is known again as it is read, whatever whitespace is around it', () => {
    const line = fc.tuple(
      fc.constantFrom('Via', 'VIA', 'Host'),
      value,
      fc.constantFrom('', ' ', '\t', '  '),
    );
    const asked = fc.option(value, { nil: undefined });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 3 }), asked, (list, other) => {
        const lines = list.map(([name, text, space]) => `${name}:${space}${text}${space}\r\n`);
        const head = parsed('GET / HTTP/1.1\r\n', lines.join(''));
        const said = head.valueOf(VIA);
        expect(head.says(VIA, said)).toBe(true);
        expect(head.says(VIA, other)).toBe(said === other);
        expect(head.says(VIA, `${said}x`)).toBe(false);
      }),
      options,
    );
  });

  test('the whitespace around a value is no part of it, that within it is', () => {
    expect(fieldsOf('A: \tb \t c\t \r\nB:\r\nC: \t\r\nD:e:f\r\n')).toEqual([
      'A',
      'b \t c',
      'B',
      '',
      'C',
      '',
      'D',
      'e:f',
    ]);
  });

  test('no lines are no fields', () => {
    expect([fieldsOf(''), toLines([])]).toEqual([[], '']);
  });
});

describe('a head that is made of fields', () => {
  test('has the text, the fields and the marks of one that was parsed', () => {
    fc.assert(
      fc.property(fields, (list) => {
        const made = headTextOf(list);
        const read = parsed('', toLines(list));
        expect([made.text, made.fieldsStart, made.marks]).toEqual([
          read.text,
          read.fieldsStart,
          read.marks,
        ]);
        expect([made.fields, read.fields]).toEqual([list, list]);
      }),
      options,
    );
  });

  test('has the marks of one that was parsed behind a start line', () => {
    fc.assert(
      fc.property(fields, (list) => {
        const read = parsed('GET / HTTP/1.1\r\n', toLines(list));
        expect(marksOf(read)).toEqual(marksOf(headTextOf(list)));
        expect(read.text.slice(read.fieldsStart)).toBe(toLines(list));
        expect(read.fields).toEqual(list);
      }),
      options,
    );
  });
});

test('a mark leads to name and value, with the whitespace and without', () => {
  expect(marksOf(parsed('', 'A: b\r\nhOST:\t a.test \r\nVia:\r\n'))).toEqual([
    [HOST, 'hOST', '\t a.test ', 'a.test'],
    [VIA, 'Via', '', ''],
  ]);
});

describe('the value of a name', () => {
  test('is that of all its lines, whatever stands around them', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (list, at) => {
        const names = list.filter((_, i) => i % 2 === 0);
        const lower = (names[at % names.length] ?? 'x-none').toLowerCase();
        const values = list.filter((_, i) => list[i - 1]?.toLowerCase() === lower && i % 2 === 1);
        const wanted = values.length === 0 ? undefined : values.join(', ');
        expect(headTextOf(list).named(lower)).toBe(wanted);
        expect(parsed('GET / HTTP/1.1\r\n', toLines(list)).named(lower)).toBe(wanted);
      }),
      options,
    );
  });

  test('is found in any case, by the whole name, and without the whitespace around it', () => {
    const head = parsed(
      'GET /x-user:3 HTTP/1.1\r\n',
      'X-User-Id: 1\r\nMy-X-User: 2\r\nx-USER:\t a x-user: b \r\nX-User:\r\n',
    );
    expect([head.named('x-user'), head.named('x'), head.named('user')]).toEqual([
      'a x-user: b, ',
      undefined,
      undefined,
    ]);
  });
});

test('lines of one kind are joined by commas, in their order', () => {
  const head = headTextOf(['Via', '1.1 a', 'A', 'x', 'VIA', '1.0 b', 'Host', 'c']);
  expect([head.valueOf(VIA), head.valueOf(HOST), head.valueOf(EXPECT)]).toEqual([
    '1.1 a, 1.0 b',
    'c',
    undefined,
  ]);
});
