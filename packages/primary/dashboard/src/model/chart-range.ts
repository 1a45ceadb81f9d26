/** How far back the charts go. */

export interface ChartRange {
  /** On its button. */
  readonly name: string;
  /** `The last ...` */
  readonly words: string;
  readonly seconds: number;
  /** Further back than the memory of an instance. */
  readonly needsDatabase: boolean;
}

/** The range that goes on by itself, a value a second. */
export const LIVE_RANGE: ChartRange = {
  name: '15 min',
  words: '15 minutes',
  seconds: 900,
  needsDatabase: false,
};

const RANGES: readonly ChartRange[] = [
  LIVE_RANGE,
  { name: '24 h', words: '24 hours', seconds: 86_400, needsDatabase: false },
  { name: '7 d', words: '7 days', seconds: 7 * 86_400, needsDatabase: true },
  { name: '30 d', words: '30 days', seconds: 30 * 86_400, needsDatabase: true },
];

/** Those that there is something for. */
export function rangesFor(hasDatabase: boolean): readonly ChartRange[] {
  return RANGES.filter(({ needsDatabase }) => hasDatabase || !needsDatabase);
}

/** Path and query of its history. @param nowMs by the clock of the instance */
export function historyPath({ seconds, needsDatabase }: ChartRange, nowMs: number): string {
  const query = needsDatabase
    ? `from=${new Date(nowMs - seconds * 1_000).toISOString()}`
    : `seconds=${seconds}`;
  return `/api/v1/stats/history?${query}`;
}
