import { describe, expect, test } from '@jest/globals';
import { EventRing } from '@lb/primary/internal/events/event-ring';
import { FakeClock } from '../support/fake-clock.ts';

const EVENT = { type: 'reload', level: 'info', message: 'reloaded', facts: {} } as const;

function ringWith(count: number) {
  const clock = new FakeClock();
  const ring = new EventRing(() => clock.wallMs());
  for (let event = 0; event < count; event++) {
    clock.pass(1_000);
    ring.add(EVENT);
  }
  return { ring, clock, all: ring.since({ afterId: 0 }) };
}

describe('the last events', () => {
  test('are a thousand, numbered one after the other', () => {
    const { all } = ringWith(1_005);
    expect(all).toHaveLength(1_000);
    expect((all.at(-1)?.id ?? 0) - (all[0]?.id ?? 0)).toBe(999);
  });

  test('can be had from an event on, or from a time on', () => {
    const { ring, all } = ringWith(5);
    const [, second, third] = all;
    expect(ring.since({ afterId: second?.id ?? 0 })).toEqual(all.slice(2));
    expect(ring.since({ fromMs: Date.parse(third?.at ?? '') })).toEqual(all.slice(2));
  });

  test('have larger ids after a restart', () => {
    const { clock, all } = ringWith(900);
    const later = new EventRing(() => clock.wallMs());
    later.add(EVENT);
    expect(later.since({ afterId: 0 })[0]?.id).toBeGreaterThan(all.at(-1)?.id ?? 0);
  });

  test('hold a long list of facts in part', () => {
    const { ring } = ringWith(0);
    ring.add({ ...EVENT, facts: { changes: Array(10_000).fill('x') } });
    const [event] = ring.since({ afterId: 0 });
    expect(event?.facts['changes']).toHaveLength(51);
  });
});

test('whoever watches is told of each event until it has enough', () => {
  const { ring } = ringWith(3);
  const told: number[] = [];
  const stop = ring.watch(({ id }) => told.push(id));
  ring.add(EVENT);
  stop();
  ring.add(EVENT);
  expect(told).toEqual([ring.since({ afterId: 0 })[3]?.id]);
});
