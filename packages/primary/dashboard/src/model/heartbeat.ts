/** The last probes as a row of bars: short ones went well, tall ones failed, so that colour is not needed to see it. */

/** Bars there is room for. */
export const HEARTBEATS = 60;
/** Of one bar with its gap, and of the whole row. */
export const BEAT_WIDTH = 3;
export const BEAT_HEIGHT = 16;

const BAR_WIDTH = 2;
const OK_HEIGHT = 9;
const EMPTY_HEIGHT = 2;

/** Data of three SVG paths; the newest probe is at the right. */
export interface HeartbeatPaths {
  readonly ok: string;
  readonly failed: string;
  readonly empty: string;
}

/** @param probes the oldest first */
export function heartbeatPaths(probes: readonly boolean[]): HeartbeatPaths {
  const shown = probes.slice(-HEARTBEATS);
  const emptyCount = HEARTBEATS - shown.length;
  const paths = { ok: '', failed: '', empty: '' };
  for (let place = 0; place < HEARTBEATS; place++) {
    const probe = shown[place - emptyCount];
    if (probe === undefined) paths.empty += bar(place, EMPTY_HEIGHT);
    else if (probe) paths.ok += bar(place, OK_HEIGHT);
    else paths.failed += bar(place, BEAT_HEIGHT);
  }
  return paths;
}

/** What a screen reader says instead. */
export function heartbeatText(probes: readonly boolean[]): string {
  if (probes.length === 0) return 'no probes yet';
  const failed = probes.filter((ok) => !ok).length;
  return failed === 0
    ? `the last ${probes.length} probes went well`
    : `${failed} of the last ${probes.length} probes failed`;
}

function bar(place: number, height: number): string {
  return `M${place * BEAT_WIDTH} ${BEAT_HEIGHT}v-${height}h${BAR_WIDTH}v${height}z`;
}
