import { describe, expect, test } from '@jest/globals';
import { descriptorNeed } from '@lb/primary/internal/workers/descriptor-need';
import { createLogger } from '@lb/shared/logging/logger';
import { Descriptors } from '@lb/worker/internal/server/descriptors';
import { configOf } from '../support/config-text.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setup(limit: number | undefined) {
  const clock = new FakeClock();
  const relieved: number[] = [];
  const descriptors = new Descriptors({
    limit,
    clock,
    log: createLogger({ level: 'fatal', format: 'json', process: 'test', isTerminal: false }),
    closeIdle: () => relieved.push(clock.monotonicMs()),
  });
  return { clock, relieved, descriptors };
}

describe('descriptors', () => {
  test('are left alone while there are enough', () => {
    const { descriptors, relieved } = setup(1_000);
    expect(descriptors.admits(749)).toBe(true);
    expect(relieved).toEqual([]);
  });

  test('that become few have idle connections closed', () => {
    const { descriptors, relieved } = setup(1_000);
    expect(descriptors.admits(750)).toBe(true);
    expect(relieved).toHaveLength(1);
  });

  test('that are nearly used up let no connection in', () => {
    const { descriptors } = setup(1_000);
    expect(descriptors.admits(875)).toBe(false);
  });

  test('that are few have idle connections closed again only after a while', () => {
    const { clock, descriptors, relieved } = setup(1_000);
    descriptors.admits(800);
    descriptors.admits(801);
    clock.pass(100);
    descriptors.relieve();
    expect(relieved).toHaveLength(2);
  });

  test('without a limit are never few', () => {
    const { descriptors, relieved } = setup(undefined);
    expect(descriptors.admits(1e6)).toBe(true);
    expect(relieved).toEqual([]);
  });
});

describe('the need of descriptors', () => {
  const need = (workers: number, limits = '{}'): number =>
    descriptorNeed(
      configOf(`
workers: ${workers}
listeners: [{ bind: "127.0.0.1:8080", limits: ${limits} }]
pools: { web: { backends: [http://127.0.0.1:9001] } }
`),
    );

  test('is two for each client that a listener may have, and some', () => {
    expect(need(1, '{ connections: 500 }')).toBe(1_100);
  });

  test('is shared by the workers, not evenly', () => {
    expect(need(4, '{ connections: 1000 }')).toBe(100 + 2 * 375);
  });

  test('is that of thousands of clients where nothing limits them', () => {
    expect(need(1)).toBe(16_100);
  });
});
