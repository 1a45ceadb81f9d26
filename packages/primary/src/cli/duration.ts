/** A duration on the command line. */
import { DURATION_PATTERN, parseDuration } from '@lb/shared/config/units';
import { InvalidArgumentError } from 'commander';

/** In milliseconds. @throws InvalidArgumentError for a text that is none */
export function duration(text: string): number {
  if (!DURATION_PATTERN.test(text)) {
    throw new InvalidArgumentError('expected a duration such as "30s".');
  }
  return Math.round(parseDuration(text));
}
