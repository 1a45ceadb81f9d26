/** A duration on the command line. */
import { DURATION_PATTERN, parseDuration } from '@lb/shared/config/units';
import { InvalidArgumentError } from 'commander';
import { LONGEST_GUARD_MS, SHORTEST_GUARD_MS } from '../config/reload-guard.ts';

/** In milliseconds. @throws InvalidArgumentError for a text that is none */
export function duration(text: string): number {
  if (!DURATION_PATTERN.test(text)) {
    throw new InvalidArgumentError('expected a duration such as "30s".');
  }
  return Math.round(parseDuration(text));
}

/** The same from a second to an hour. @throws InvalidArgumentError for any other text */
export function guardDuration(text: string): number {
  const ms = duration(text);
  if (ms >= SHORTEST_GUARD_MS && ms <= LONGEST_GUARD_MS) return ms;
  throw new InvalidArgumentError('expected a duration from 1s to 1h.');
}
