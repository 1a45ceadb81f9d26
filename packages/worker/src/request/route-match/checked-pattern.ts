/** The expressions of a configuration that was checked when it was read. */
import { compilePattern, type Pattern } from '@lb/shared/net/pattern';

/** @throws Error on an expression that the check would have refused: a bug. */
export function checkedPattern(expression: string): Pattern {
  const pattern = compilePattern(expression);
  if (pattern === undefined)
    throw new Error(`a checked configuration has the expression ${expression}`);
  return pattern;
}
