/** Which rows of a long table are worth making: those that can be seen, and some around them. */

/** Rows beyond either edge of the window, so that a fast finger meets no gap. */
const SPARE_ROWS = 12;

export interface RowWindow {
  /** Top edge of the first row, seen from the top of the window; negative when it is above. */
  readonly topPx: number;
  readonly windowPx: number;
  readonly rowPx: number;
  readonly count: number;
}

/** `first` is the first row to make, `end` the one after the last. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

export function visibleRows({ topPx, windowPx, rowPx, count }: RowWindow): RowRange {
  const within = (row: number): number => Math.min(count, Math.max(0, row));
  const first = within(Math.floor(-topPx / rowPx) - SPARE_ROWS);
  const end = within(Math.ceil((windowPx - topPx) / rowPx) + SPARE_ROWS);
  return { first, end: Math.max(first, end) };
}
