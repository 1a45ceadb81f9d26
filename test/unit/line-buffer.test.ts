/** Lines of the access log as bytes. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { quote } from '@lb/worker/internal/access-log/escape';
import { LineBuffer } from '@lb/worker/internal/access-log/line-buffer';

const options = { seed: 20_261_126, numRuns: 2_000 };

/** What stands in a buffer behind something that was there before. */
function written(write: (line: LineBuffer) => void): string {
  const line = new LineBuffer();
  line.text('before:');
  write(line);
  line.end();
  const text = line.toString();
  expect(text.slice(0, 7) + text.at(-1)).toBe('before:\n');
  return text.slice(7, -1);
}

describe('a line that is put together as bytes', () => {
  test('has every whole number as it is written', () => {
    const number = fc.oneof(fc.nat(20_000), fc.maxSafeNat());
    fc.assert(
      fc.property(number, (value) => {
        expect(written((line) => line.whole(value))).toBe(String(value));
      }),
      options,
    );
  });

  test('has times with three decimals, rounded', () => {
    const ms = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(ms, (value) => {
        const text = written((line) => line.milliseconds(value));
        expect(text).toMatch(/^\d+\.\d{3}$/);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(0.000_501);
      }),
      options,
    );
    expect(written((line) => line.milliseconds(0.999_9))).toBe('1.000');
    expect(written((line) => line.milliseconds(undefined))).toBe('null');
  });

  test('has values quoted as JSON has them, whatever their length and what they hold', () => {
    const value = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(value, (text) => {
        expect(written((line) => line.quoted(text))).toBe(quote(text));
      }),
      options,
    );
    expect(written((line) => line.quoted(undefined))).toBe('null');
  });

  test('begins anew with nothing of the line before', () => {
    const line = new LineBuffer();
    line.text('a long line that was there before');
    line.begin();
    line.piece(Buffer.from('ab'));
    expect(line.toString()).toBe('ab');
  });
});
