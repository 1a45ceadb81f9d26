/** One chart. Its cursor is that of all the others, by mouse and by arrow keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartRange } from '../model/chart-range.ts';
import { formatAxisMoment, formatMoment } from '../model/format.ts';
import type { ChartHistory } from '../model/history.ts';
import { useColourScheme } from './use-colour-scheme.ts';

/** What is drawn as one line. Lines differ by their dashes as well as by colour. */
export interface Line {
  readonly name: string;
  readonly column: Exclude<keyof ChartHistory, 'seconds'>;
  /** Custom property of the style sheet. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly isFilled?: boolean;
}

export interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly history: ChartHistory;
  readonly range: ChartRange;
  readonly format: (value: number) => string;
  /** The upper end of the axis is never below it, so that noise does not look like an outage. */
  readonly leastTop: number;
}

const SYNC_KEY = 'lbctl';
const HEIGHT_PX = 150;
/** Values between two steps of an arrow key. */
const KEY_STEP = 5;

export function Chart({ title, lines, history, range, format, leastTop }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const scheme = useColourScheme();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const options = chartOptions({ lines, range, format, leastTop, onPoint: setPointed });
    const made = new uPlot(
      { ...options, width: element.clientWidth, height: HEIGHT_PX },
      dataOf(history, lines),
      element,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [scheme, range]);
  useEffect(() => plot.current?.setData(dataOf(history, lines)), [history]);
  const last = history.seconds.length - 1;
  const place = pointed !== null && pointed <= last ? pointed : last;
  const step = (by: number): void => movePointer(plot.current, place + by);
  return (
    <figure class="chart panel">
      <figcaption>
        <h2>{title}</h2>
        {lines.map((line) => (
          <span key={line.name} class="line">
            <Swatch line={line} />
            {lines.length > 1 && line.name} <b>{valueAt(history, line, place, format)}</b>
          </span>
        ))}
        <time class={pointed === null ? 'unseen' : ''}>{timeAt(history, place, range)}</time>
      </figcaption>
      <div
        class="plot"
        ref={box}
        tabIndex={0}
        role="slider"
        aria-label={`${title}: moment`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, place)}
        aria-valuetext={spoken({ lines, history, range, format }, place)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
          event.preventDefault();
          step(event.key === 'ArrowLeft' ? -KEY_STEP : KEY_STEP);
        }}
      />
    </figure>
  );
}

function Swatch({ line: { colour, dash } }: { readonly line: Line }) {
  return (
    <svg width="16" height="8" aria-hidden="true">
      <path d="M0 4h16" style={{ stroke: `var(${colour})` }} stroke-dasharray={dash.join(' ')} />
    </svg>
  );
}

interface ChartSettings extends Pick<ChartProps, 'lines' | 'range' | 'format' | 'leastTop'> {
  readonly onPoint: (place: number | null) => void;
}

function chartOptions({ lines, range: { seconds }, format, leastTop, onPoint }: ChartSettings) {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (property: string): string => style.getPropertyValue(property).trim();
  const axis = {
    stroke: colourOf('--muted'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colourOf('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    padding: [8, 8, 0, 0] satisfies uPlot.Padding,
    cursor: {
      y: false,
      sync: { key: SYNC_KEY },
      drag: { x: false, y: false },
      points: { size: 6 },
    },
    scales: {
      x: {
        range: (_: uPlot, min: number, max: number): uPlot.Range.MinMax => [
          Math.min(min, max - seconds),
          max,
        ],
      },
      y: {
        range: (_: uPlot, _min: number, max: number | null): uPlot.Range.MinMax => [
          0,
          Math.max(leastTop, (max ?? 0) * 1.1),
        ],
      },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 26,
        values: (_: uPlot, moments: number[]) =>
          moments.map((moment) => formatAxisMoment(moment * 1_000, seconds)),
      },
      {
        ...axis,
        space: 34,
        size: 62,
        values: (_: uPlot, values: number[]) =>
          values.map((value) => format(value).replace(/\.0+\b/, '')),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colour, dash, isFilled }) => ({
        label: name,
        stroke: colourOf(colour),
        width: 1.5,
        dash: [...dash],
        points: { show: false },
        ...(isFilled === true && { fill: `${colourOf(colour)}22` }),
      })),
    ],
    hooks: {
      setCursor: [({ cursor }: uPlot) => onPoint(cursor.idx ?? null)],
    },
  };
}

function dataOf(history: ChartHistory, lines: readonly Line[]): uPlot.AlignedData {
  // uPlot reads them only, and says otherwise.
  const columns = [history.seconds, ...lines.map(({ column }) => history[column])];
  return columns as unknown as uPlot.AlignedData;
}

/** Moves the cursor of every chart. */
function movePointer(plot: uPlot | undefined, place: number): void {
  const seconds = plot?.data[0] ?? [];
  const second = seconds[Math.min(seconds.length - 1, Math.max(0, place))];
  if (plot === undefined || second === undefined) return;
  (plot as SyncedPlot).setCursor({ left: plot.valToPos(second, 'x'), top: 0 }, true, true);
}

/** Its types leave out that a cursor which is set can be told to the others. */
interface SyncedPlot {
  setCursor(at: { left: number; top: number }, callHooks: boolean, tellOthers: boolean): void;
}

function valueAt(
  history: ChartHistory,
  { column }: Line,
  place: number,
  format: (value: number) => string,
): string {
  const value = history[column][place] ?? null;
  return value === null ? '–' : format(value);
}

function timeAt({ seconds }: ChartHistory, place: number, range: ChartRange): string {
  const second = seconds[place];
  return second === undefined ? '--:--:--' : formatMoment(second * 1_000, range.seconds);
}

function spoken(
  { history, lines, range, format }: Pick<ChartProps, 'history' | 'lines' | 'range' | 'format'>,
  place: number,
): string {
  if (history.seconds.length === 0) return 'no values yet';
  const values = lines.map((line) => `${line.name} ${valueAt(history, line, place, format)}`);
  return `${timeAt(history, place, range)}: ${values.join(', ')}`;
}
