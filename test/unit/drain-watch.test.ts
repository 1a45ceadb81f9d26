import { describe, expect, test } from '@jest/globals';
import { DrainWatch } from '@lb/primary/internal/overrides/drain-watch';
import type { Override } from '@lb/primary/internal/overrides/override';

const DRAIN: Override = { state: 'drain', weight: null, sinceMs: 0, deadlineMs: null, by: 'root' };
const DISABLE: Override = { ...DRAIN, state: 'disabled' };

function arrange() {
  const world = { inFlight: 1 as number | undefined, empty: [] as string[] };
  const settled = Promise.withResolvers<void>();
  const watch = new DrainWatch({
    inFlight: () => world.inFlight,
    settled: () => settled.promise,
    onEmpty: (pool, backend) => world.empty.push(`${pool}/${backend}`),
  });
  const change = (before: Override | undefined, after: Override | undefined): void =>
    watch.follow([{ pool: 'web', backend: 'a', before, after, by: 'root' }]);
  const settle = async (): Promise<void> => {
    settled.resolve();
    await settled.promise;
  };
  return { world, watch, change, settle };
}

describe('a drain', () => {
  test('is empty when nothing is in flight any more, once', async () => {
    const { world, watch, change, settle } = arrange();
    change(undefined, DRAIN);
    await settle();
    watch.check();
    expect(world.empty).toEqual([]);
    world.inFlight = 0;
    watch.check();
    watch.check();
    expect(world.empty).toEqual(['web/a']);
  });

  test('is empty at once where nothing is in flight', async () => {
    const { world, change, settle } = arrange();
    world.inFlight = 0;
    change(undefined, DRAIN);
    await settle();
    expect(world.empty).toEqual(['web/a']);
  });

  test('is not called empty before every worker knows of it', () => {
    const { world, watch, change } = arrange();
    world.inFlight = 0;
    change(undefined, DRAIN);
    watch.check();
    expect(world.empty).toEqual([]);
  });

  test.each([['enabled', undefined] as const, ['disabled', DISABLE] as const])(
    'that was %s meanwhile is none',
    async (_name, after) => {
      const { world, watch, change, settle } = arrange();
      change(undefined, DRAIN);
      change(DRAIN, after);
      await settle();
      world.inFlight = 0;
      watch.check();
      expect(world.empty).toEqual([]);
    },
  );

  test('goes on when its weight or deadline changes', async () => {
    const { world, watch, change, settle } = arrange();
    change(undefined, DRAIN);
    await settle();
    change(DRAIN, { ...DRAIN, weight: 3 });
    world.inFlight = 0;
    watch.check();
    expect(world.empty).toEqual(['web/a']);
  });

  test('of a backend that the configuration lost ends without a word', async () => {
    const { world, watch, change, settle } = arrange();
    change(undefined, DRAIN);
    await settle();
    world.inFlight = undefined;
    watch.check();
    world.inFlight = 0;
    watch.check();
    expect(world.empty).toEqual([]);
  });
});
