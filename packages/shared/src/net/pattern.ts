/**
 * Regular expressions out of a configuration. They run on what strangers send, so they run on RE2's algorithm: linear in
 * the input, whatever the expression; what RE2 has not (back-references, look-around) is refused when the file is read.
 */
import { createRequire } from 'node:module';
import type * as re2js from 're2js';

const load = createRequire(import.meta.url);

/** Answers whether the expression is found anywhere in the text. */
export type Pattern = (text: string) => boolean;

/** Compiles an expression, or returns undefined when RE2 has no such syntax. */
export function compilePattern(expression: string): Pattern | undefined {
  // Its tables are 1.5 MB of a worker whose configuration has no expression.
  const { RE2JS } = load('re2js') as typeof re2js;
  try {
    const compiled = RE2JS.compile(expression);
    return (text) => compiled.test(text);
  } catch {
    // The library throws a class of its own for each kind of mistake; all of them mean the same here.
    return undefined;
  }
}
