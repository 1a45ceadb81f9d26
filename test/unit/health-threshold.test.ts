import { describe, expect, test } from '@jest/globals';
import { afterResult, TRIPPED, UNPROBED } from '@lb/primary/internal/health/threshold';

const THRESHOLDS = { fall: 3, rise: 2 };

function states(results: string, start = UNPROBED): string {
  let standing = start;
  return results
    .split('')
    .map((result) => {
      standing = afterResult(standing, result === '+', THRESHOLDS);
      return standing.state === 'up' ? 'u' : 'd';
    })
    .join('');
}

describe('health thresholds', () => {
  test('the first success counts at once', () => {
    expect(states('+')).toBe('u');
  });

  test('the first failure counts at once', () => {
    expect(states('-')).toBe('d');
  });

  test('goes down after fall failures in a row, not before', () => {
    expect(states('+---')).toBe('uuud');
  });

  test('a success between failures starts the count again', () => {
    expect(states('+--+--+---')).toBe('uuuuuuuuud');
  });

  test('comes up after rise successes in a row, not before', () => {
    expect(states('-+-++')).toBe('ddddu');
  });

  test('after a failure on real traffic, rise successes are needed', () => {
    expect(states('++', TRIPPED)).toBe('du');
  });
});
