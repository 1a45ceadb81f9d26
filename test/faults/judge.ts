/**
 * Joins the three logs by id, and puts every request of the client into exactly one class. What must never happen, in whatever
 * case: a wrong answer, a truncation that looks whole, a POST that was carried out twice, a body that arrived changed.
 */
import type { Logs, Passed, Sent, Served } from './logs.ts';

/** In order of what they mean for the client. */
export const CLASSES = [
  'right',
  /** A whole answer with another status than 200. */
  'status',
  'refused',
  /** No byte on a new connection. */
  'reset',
  /** No byte on a connection that had carried answers before. */
  'reset on reuse',
  /** In the middle of the answer, and seen to be so. */
  'cut',
  'timed out',
  /** Bytes of another answer, or of none. */
  'wrong answer',
  'hidden truncation',
  /** 200, and no backend has seen the request. */
  'never seen',
] as const;
export type Class = (typeof CLASSES)[number];

/** A request, and what became of it. */
export interface Judged extends Sent {
  readonly class: Class;
  /** How often backends have begun it. */
  readonly begun: number;
  readonly passed: Passed | undefined;
}

/** What is said of a run. */
export interface Verdict {
  readonly requests: readonly Judged[];
  readonly duplicatePosts: number;
  readonly retriedGets: number;
  /** A backend finished it, and the client did not get it. */
  readonly lostWork: number;
  /** Bodies that did not reach the backend as they were sent. */
  readonly spoiledBodies: number;
  /** The access log has no line, or another status than the client saw. */
  readonly mislogged: number;
}

export function judge({ sent, passed, served }: Logs): Verdict {
  const passedById = new Map(passed.map((line) => [line.id, line]));
  const begun = countById(served, 'begun');
  const finished = countById(served, 'finished');
  const requests = sent.map((line) => {
    const times = begun.get(line.id) ?? 0;
    return {
      ...line,
      class: classOf(line, times > 0),
      begun: times,
      passed: passedById.get(line.id),
    };
  });
  const count = (is: (request: Judged) => boolean): number => requests.filter(is).length;
  return {
    requests,
    duplicatePosts: count(({ method, begun: times }) => method === 'POST' && times > 1),
    retriedGets: count(({ method, begun: times }) => method === 'GET' && times > 1),
    lostWork: count(({ id, class: kind }) => kind !== 'right' && finished.has(id)),
    spoiledBodies: countById(served, 'spoiled').size,
    mislogged: count(
      ({ ending, status, passed: line }) => ending === 'whole' && line?.status !== status,
    ),
  };
}

/** What must be empty in every case. */
export function unforgivable(verdict: Verdict): readonly string[] {
  const { requests, duplicatePosts, spoiledBodies } = verdict;
  const counts: readonly (readonly [number, string])[] = [
    [countOf(requests, 'wrong answer'), 'wrong answers'],
    [countOf(requests, 'hidden truncation'), 'hidden truncations'],
    [countOf(requests, 'never seen'), 'answers that no backend gave'],
    [duplicatePosts, 'POSTs carried out twice'],
    [spoiledBodies, 'bodies that arrived changed'],
  ];
  return counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

export function countOf(requests: readonly Judged[], kind: Class): number {
  return requests.filter((request) => request.class === kind).length;
}

function classOf({ ending, status, body, isReused }: Sent, wasSeen: boolean): Class {
  switch (ending) {
    case 'whole':
      if (status !== 200) return 'status';
      if (body === 'right') return wasSeen ? 'right' : 'never seen';
      return body === 'start' ? 'hidden truncation' : 'wrong answer';
    case 'cut':
      return status === 200 && body === 'other' ? 'wrong answer' : 'cut';
    case 'garbled':
      return 'wrong answer';
    case 'reset':
      return isReused ? 'reset on reuse' : 'reset';
    case 'refused':
      return 'refused';
    case 'timeout':
      return 'timed out';
  }
}

function countById(served: readonly Served[], step: Served['step']): Map<number, number> {
  const counts = new Map<number, number>();
  for (const line of served)
    if (line.step === step) counts.set(line.id, (counts.get(line.id) ?? 0) + 1);
  return counts;
}
