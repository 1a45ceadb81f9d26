/** Requests out of public test suites, as files: one JSON object a line, and what is known of this balancer beside them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One connection's worth of bytes, and what its suite says must become of them. */
export interface Case {
  readonly suite: string;
  /** Unique in its suite. */
  readonly id: string;
  /** Sent in this order on one connection. */
  readonly steps: readonly Buffer[];
  readonly expected: 'refuse' | 'pass' | 'either';
}

/** What can be wrong with the way a case was handled. `judge` says when. */
export const FINDINGS = ['accepted', 'over', 'unsafe', 'smuggled'] as const;
export type Finding = (typeof FINDINGS)[number];

/** A finding that stays, and why. */
export interface Exception {
  readonly suite: string;
  readonly id: string;
  readonly finding: Finding;
  /**
   * contract: the documentation says that this is refused. unfinished: the message never ends, so it ends in 408. copy: the
   * stored bytes have lost what was wrong with them. parser: neither asked for nor forbidden, and it stays so for now.
   */
  readonly because: 'contract' | 'unfinished' | 'copy' | 'parser';
  readonly reason: string;
}

export interface Corpus {
  readonly cases: readonly Case[];
  readonly exceptions: readonly Exception[];
}

/** Reads all `*.jsonl` of a folder and its `exceptions.json`, which may be missing. @throws Error when there are no cases */
export function readCorpus(folder: string): Corpus {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const cases = files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(toCase),
  );
  if (cases.length === 0) throw new Error(`no cases in ${folder}: it holds no *.jsonl file`);
  const path = join(folder, 'exceptions.json');
  const exceptions = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as readonly Exception[])
    : [];
  return { cases, exceptions };
}

/** A line of a file; other keys (`rfc`, `level`) are for people. */
interface Line {
  readonly suite: string;
  readonly id: string;
  /** Base64. */
  readonly steps: readonly string[];
  readonly expect: { readonly reject: boolean | null };
}

function toCase(line: string): Case {
  const { suite, id, steps, expect } = JSON.parse(line) as Line;
  const isRefused = expect.reject;
  return {
    suite,
    id,
    steps: steps.map((step) => Buffer.from(step, 'base64')),
    expected: isRefused === null ? 'either' : isRefused ? 'refuse' : 'pass',
  };
}
