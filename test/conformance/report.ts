/** Compares results with what is known, and puts them into a table. */
import { FINDINGS, type Corpus, type Exception, type Finding } from './corpus.ts';
import type { Result } from './run-corpus.ts';

export interface Report {
  /** One line per suite, and one for all. */
  readonly table: string;
  /** Findings that no exception explains. */
  readonly unexplained: readonly string[];
  /** Exceptions for findings that are no longer there. */
  readonly stale: readonly string[];
  /** Cases refused that must pass, but for those that the documentation requires to refuse or that never end; with why. */
  readonly over: readonly string[];
}

/** What else there is puts others in danger: no exception helps. */
const EXCUSABLE: ReadonlySet<Finding> = new Set(['accepted', 'over']);

/** @param results of one engine, for all cases */
export function report(results: readonly Result[], exceptions: Corpus['exceptions']): Report {
  const found = results.flatMap(({ suite, id, findings }) =>
    [...findings].map(([finding, detail]) => ({ suite, id, finding, detail })),
  );
  const known = new Map(exceptions.map((each) => [keyOf(each), each]));
  const there = new Set(found.map(keyOf));
  const ran = new Set(results.map(({ suite, id }) => `${suite} ${id}`));
  const over = found.filter(
    (each) => each.finding === 'over' && !isRequired(known.get(keyOf(each))),
  );
  return {
    table: tableOf(results, known),
    unexplained: found
      .filter((each) => !EXCUSABLE.has(each.finding) || !known.has(keyOf(each)))
      .map((each) => `${keyOf(each)}: ${each.detail}`),
    stale: exceptions
      .filter((each) => ran.has(`${each.suite} ${each.id}`) && !there.has(keyOf(each)))
      .map(keyOf),
    over: over.map((each) => `${keyOf(each)}: ${known.get(keyOf(each))?.reason ?? each.detail}`),
  };
}

function keyOf({ suite, id, finding }: Pick<Exception, 'suite' | 'id' | 'finding'>): string {
  return `${finding} ${suite} ${id}`;
}

function isRequired(exception: Exception | undefined): boolean {
  return exception?.because === 'contract' || exception?.because === 'unfinished';
}

const COLUMNS = ['suite', 'cases', 'refused', 'passed', ...FINDINGS, 'required'] as const;

/** `required` are refusals that count as no `over`. */
function tableOf(results: readonly Result[], known: ReadonlyMap<string, Exception>): string {
  const suites = [...new Set(results.map(({ suite }) => suite))];
  const rows = suites.map((suite) =>
    rowOf(
      suite,
      results.filter((result) => result.suite === suite),
      known,
    ),
  );
  const lines = [COLUMNS, ...rows, ...(rows.length > 1 ? [rowOf('all', results, known)] : [])];
  return lines
    .map(([first, ...others]) =>
      [String(first).padEnd(16), ...others.map((cell) => String(cell).padStart(10))].join(''),
    )
    .join('\n');
}

function rowOf(
  suite: string,
  results: readonly Result[],
  known: ReadonlyMap<string, Exception>,
): readonly (string | number)[] {
  const passed = results.filter((result) => result.isPassed).length;
  const count = (finding: Finding): number =>
    results.filter(({ findings }) => findings.has(finding)).length;
  const required = results.filter(
    (result) =>
      result.findings.has('over') && isRequired(known.get(keyOf({ ...result, finding: 'over' }))),
  ).length;
  const counts = FINDINGS.map((finding) => count(finding) - (finding === 'over' ? required : 0));
  return [suite, results.length, results.length - passed, passed, ...counts, required];
}
