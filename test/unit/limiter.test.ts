import { describe, expect, test } from '@jest/globals';
import { chargeAll } from '@lb/worker/internal/rate-limit/limit-charge';
import type { Limiter } from '@lb/worker/internal/rate-limit/limiter';
import { limits, requestFrom } from '../support/limits.ts';

const CLIENT = requestFrom('192.0.2.1');

type Setup = ReturnType<typeof limits>;

/** Charges a request now. @returns the names of the limits that refuse it */
async function charge(
  { clock }: Setup,
  limiters: readonly Limiter[],
  request = CLIENT,
): Promise<string[]> {
  const charges = limiters.map((limiter) => ({ limiter, entry: limiter.entryOf(request) }));
  const refusing = await chargeAll(charges, clock.monotonicMs());
  return refusing.map(({ limiter }) => limiter.name);
}

async function isAllowed(setup: Setup, limiter: Limiter, request = CLIENT): Promise<boolean> {
  return (await charge(setup, [limiter], request)).length === 0;
}

/** Requests at an even rate. @returns how many were allowed */
async function load(setup: Setup, limiter: Limiter, perMs: number, forMs: number): Promise<number> {
  let allowed = 0;
  for (let ms = 0; ms < forMs; ms++) {
    for (let i = 0; i < perMs; i++) if (await isAllowed(setup, limiter)) allowed++;
    setup.clock.pass(1);
  }
  return allowed;
}

describe('a limit', () => {
  test('allows a bucket full at once and refuses the next', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { burst: 3 });

    const verdicts = [];
    for (let i = 0; i < 5; i++) verdicts.push(await isAllowed(setup, limiter));

    expect(verdicts).toEqual([true, true, true, false, false]);
  });

  test('counts each client by itself', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { burst: 1 });
    expect(await isAllowed(setup, limiter)).toBe(true);
    expect(await isAllowed(setup, limiter, requestFrom('192.0.2.2'))).toBe(true);
    expect(await isAllowed(setup, limiter)).toBe(false);
  });

  test('does not ask the store about a client that it knows is to wait, until it has waited', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { rate: 1, burst: 1 });
    await isAllowed(setup, limiter);
    expect(setup.store.asked.length).toBe(1);

    for (let ms = 0; ms < 999; ms++) {
      setup.clock.pass(1);
      expect(await isAllowed(setup, limiter)).toBe(false);
    }
    expect(setup.store.asked.length).toBe(1);

    setup.clock.pass(1);
    expect(await isAllowed(setup, limiter)).toBe(true);
  });

  test('asks the store once for all who come while it is being asked', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { burst: 5 });

    const verdicts = await Promise.all(Array.from({ length: 20 }, () => isAllowed(setup, limiter)));

    expect(verdicts.filter(Boolean).length).toBe(5);
    expect(setup.store.asked.length).toBeLessThanOrEqual(2);
  });

  test('fetches ahead for a client that comes often, and asks the store a few times a second then', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { rate: 20_000, burst: 20_000 });
    await load(setup, limiter, 10, 100);
    const before = setup.store.asked.length;

    const allowed = await load(setup, limiter, 10, 1_000);

    expect(allowed).toBe(10_000);
    expect(setup.store.asked.length - before).toBeLessThanOrEqual(60);
  });

  test('takes no more ahead than a tenth of a bucket, nor more than 50 ms of the rate', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { rate: 1_000, burst: 100 });

    await load(setup, limiter, 3, 2_000);

    // Beside the one that waits.
    for (const { want } of setup.store.asked) expect(want - 1).toBeLessThanOrEqual(10);
  });

  test('never allows more than the rate and one bucket, over two workers that take ahead', async () => {
    const setup = limits();
    const workers = [
      setup.limiter('l', { rate: 1_000, burst: 100 }),
      setup.limiter('l', { rate: 1_000, burst: 100 }),
    ];
    let allowed = 0;
    for (let ms = 0; ms < 3_000; ms++) {
      for (const worker of workers)
        for (let i = 0; i < 3; i++) if (await isAllowed(setup, worker)) allowed++;
      setup.clock.pass(1);
    }
    expect(allowed).toBeLessThanOrEqual(3_100);
    expect(allowed).toBeGreaterThanOrEqual(3_100 - 2 * 10);
  });

  test('gives what was taken ahead up when it is not used soon', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { rate: 1_000, burst: 100 });
    await load(setup, limiter, 1, 300);
    const before = setup.store.asked.length;
    setup.clock.pass(201);

    await isAllowed(setup, limiter);

    expect(setup.store.asked.length).toBe(before + 1);
  });

  test('with the scope of a worker asks nobody', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { scope: 'worker', burst: 3 });
    const verdicts = [];
    for (let i = 0; i < 4; i++) verdicts.push(await isAllowed(setup, limiter));
    expect(verdicts).toEqual([true, true, true, false]);
    expect(setup.store.asked).toEqual([]);
    setup.clock.pass(10);
    expect(await isAllowed(setup, limiter)).toBe(true);
  });
});

describe('several limits', () => {
  test('all have to allow, and a refused request takes from none', async () => {
    const setup = limits();
    const wide = setup.limiter('wide', { rate: 1, burst: 5 });
    const narrow = setup.limiter('narrow', { rate: 1, burst: 2 });

    const verdicts = [];
    for (let i = 0; i < 6; i++) verdicts.push(await charge(setup, [wide, narrow]));

    expect(verdicts).toEqual([[], [], ['narrow'], ['narrow'], ['narrow'], ['narrow']]);
    for (let i = 0; i < 3; i++) expect(await isAllowed(setup, wide)).toBe(true);
    expect(await isAllowed(setup, wide)).toBe(false);
  });

  test('are asked in one step of the store', async () => {
    const setup = limits();
    await charge(setup, [setup.limiter('a'), setup.limiter('b'), setup.limiter('c')]);
    expect(setup.store.asked.map(({ buckets }) => buckets.map(({ key }) => key))).toEqual([
      ['a:192.0.2.1', 'b:192.0.2.1', 'c:192.0.2.1'],
    ]);
  });

  test('of a worker and of all: what the worker took is put back when the others refuse', async () => {
    const setup = limits();
    const own = setup.limiter('own', { scope: 'worker', rate: 1, burst: 3 });
    const shared = setup.limiter('shared', { rate: 1, burst: 1 });
    await charge(setup, [own, shared]);

    expect(await charge(setup, [own, shared])).toEqual(['shared']);
    expect(await charge(setup, [shared, own])).toEqual(['shared']);

    expect(await isAllowed(setup, own)).toBe(true);
    expect(await isAllowed(setup, own)).toBe(true);
    expect(await isAllowed(setup, own)).toBe(false);
  });
});

describe('while the store is away', () => {
  test.each([[false], [true]])(
    'local goes on with its share (found out by failing: %s)',
    async (fails) => {
      const setup = limits(0.5);
      const limiter = setup.limiter('l', { rate: 10, burst: 10 });
      if (fails) setup.store.fails = true;
      else setup.store.isUp = false;

      let allowed = 0;
      for (let i = 0; i < 20; i++) if (await isAllowed(setup, limiter)) allowed++;
      expect(allowed).toBe(5);

      setup.clock.pass(1_000);
      for (let i = 0; i < 20; i++) if (await isAllowed(setup, limiter)) allowed++;
      expect(allowed).toBe(10);
      expect(limiter.entryOf(CLIENT).isDegraded).toBe(true);
    },
  );

  test('open allows everything and closed nothing', async () => {
    const setup = limits();
    const open = setup.limiter('open', { onStoreDown: 'open', burst: 1 });
    const closed = setup.limiter('closed', { onStoreDown: 'closed', burst: 1 });
    setup.store.isUp = false;
    for (let i = 0; i < 5; i++) {
      expect(await isAllowed(setup, open)).toBe(true);
      expect(await isAllowed(setup, closed)).toBe(false);
      expect(await charge(setup, [open, closed])).toEqual(['closed']);
    }
    expect(setup.store.asked).toEqual([]);
  });

  test('each of several limits does as it says', async () => {
    const setup = limits();
    const open = setup.limiter('open', { onStoreDown: 'open', burst: 1 });
    const local = setup.limiter('local', { rate: 1, burst: 2 });
    setup.store.fails = true;
    expect(await charge(setup, [open, local])).toEqual([]);
    expect(await charge(setup, [open, local])).toEqual([]);
    expect(await charge(setup, [open, local])).toEqual(['local']);
  });

  test('is over when it is back: the store decides again', async () => {
    const setup = limits();
    const limiter = setup.limiter('l', { rate: 1, burst: 1 });
    setup.store.isUp = false;
    await isAllowed(setup, limiter);
    setup.store.isUp = true;
    setup.clock.pass(1_000);

    expect(await isAllowed(setup, limiter)).toBe(true);
    expect(limiter.entryOf(CLIENT).isDegraded).toBe(false);
    expect(await isAllowed(setup, limiter)).toBe(false);
  });
});
