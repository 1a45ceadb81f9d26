/** Offsets of a text as lines and columns. */

/** A place in a text; `content` is its whole line without the line break. */
export interface LinePlace {
  readonly line: number;
  readonly column: number;
  readonly content: string;
}

/** Answers where an offset stands; lines and columns count from 1. Built once per text, a question costs log(lines). */
export function indexLines(text: string): { at(offset: number): LinePlace } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    at(offset) {
      const inside = Math.min(Math.max(offset, 0), text.length);
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] ?? 0) <= inside) low = middle;
        else high = middle - 1;
      }
      const start = starts[low] ?? 0;
      const end = (starts[low + 1] ?? text.length + 1) - 1;
      const content = text.slice(start, end).replace(/\r$/, '');
      return { line: low + 1, column: inside - start + 1, content };
    },
  };
}
