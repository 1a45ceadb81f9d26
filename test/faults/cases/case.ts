/** A case: what is done to a balancer, and what is found. */
import { countOf, type Judged, unforgivable, type Verdict } from '../judge.ts';
import type { Rig } from '../rigs/rig.ts';

export interface Case {
  /** On the command line and in tables. */
  readonly name: string;
  readonly about: string;
  /** Of the table that it stands in; all in it have the same figures. */
  readonly group: string;
  /** What only lbctl is asked. */
  readonly isOwn?: boolean;
  /** Why it cannot run here; printed instead. */
  obstacle?(): string | undefined;
  run(run: CaseRun): Promise<Findings>;
}

/** By whom it is met, and with how much. */
export interface CaseRun {
  readonly rig: Rig;
  /** GETs, and one POST for every nine of them. */
  readonly requests: number;
  /** A second. */
  readonly rate: number;
}

export interface Findings {
  /** By the heads of columns; Infinity is `never`, NaN is `-`. */
  readonly figures: Readonly<Record<string, number>>;
  /** What had to hold and did not. */
  readonly broken: readonly string[];
}

export interface Result extends Findings {
  readonly case: string;
  readonly group: string;
  readonly rig: string;
}

/** GETs that were not answered rightly. */
export function failedGets(verdict: Verdict): number {
  return failed(verdict, 'GET');
}

function failedPosts(verdict: Verdict): number {
  return failed(verdict, 'POST');
}

/** The figures that every case has, and what must never be. */
export function usualFigures(verdict: Verdict): Findings['figures'] {
  return {
    GETs: verdict.requests.filter(({ method }) => method === 'GET').length,
    failed: failedGets(verdict),
    'POSTs failed': failedPosts(verdict),
    wrong: unforgivable(verdict).length === 0 ? 0 : wrongCount(verdict),
  };
}

/** One line for each way in which requests failed. */
export function complaints(requests: readonly Judged[], what: string): string[] {
  const byKind = Object.groupBy(requests, ({ method, class: kind, status }) =>
    [method, kind, status === 0 ? '' : status].join(' ').trim(),
  );
  return Object.entries(byKind).map(([kind, all = []]) => `${all.length} ${what}: ${kind}`);
}

function wrongCount({ requests, duplicatePosts, spoiledBodies }: Verdict): number {
  const wrong = (['wrong answer', 'hidden truncation', 'never seen'] as const).map((kind) =>
    countOf(requests, kind),
  );
  return wrong.reduce((sum, count) => sum + count, duplicatePosts + spoiledBodies);
}

function failed({ requests }: Verdict, method: 'GET' | 'POST'): number {
  return requests.filter((request) => request.method === method && request.class !== 'right')
    .length;
}
