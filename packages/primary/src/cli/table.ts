/** Aligned columns of plain text. */

/** A column: `right` is for numbers. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** One line for the titles and one a row; no spaces at the ends of lines. Colours may go around it, not into it. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => (line[index] ?? '').length)),
  );
  return lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? '';
        const width = widths[index] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
