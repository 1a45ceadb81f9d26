/** Which rows of a table in the page can be seen; asked for again when the page is scrolled or its window changes. */
import { type RefObject } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { type RowRange, visibleRows } from '../model/visible-rows.ts';

/** Height of a row, as styles/table.css has it: three lines where the screen is narrow. */
const ROW_PX = 32;
const NARROW_ROW_PX = 108;
const NARROW = '(max-width: 900px)';

export interface VisibleRows extends RowRange {
  readonly rowPx: number;
}

/** @param body what the rows stand in @param count of all rows */
export function useVisibleRows(body: RefObject<HTMLElement | null>, count: number): VisibleRows {
  const [visible, setVisible] = useState<VisibleRows>({ first: 0, end: 0, rowPx: ROW_PX });
  const look = (): void => {
    const rowPx = matchMedia(NARROW).matches ? NARROW_ROW_PX : ROW_PX;
    const topPx = body.current?.getBoundingClientRect().top ?? 0;
    const range = visibleRows({ topPx, windowPx: innerHeight, rowPx, count });
    setVisible((before) =>
      before.first === range.first && before.end === range.end && before.rowPx === rowPx
        ? before
        : { ...range, rowPx },
    );
  };
  useLayoutEffect(look);
  useEffect(() => {
    const options = { passive: true };
    addEventListener('scroll', look, options);
    addEventListener('resize', look, options);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [count]);
  return visible;
}
