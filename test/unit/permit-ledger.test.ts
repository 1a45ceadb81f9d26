/** Permits for backends with maxConnections: never more than there are, and not idle where somebody wants them. */
import { describe, expect, test } from '@jest/globals';
import type { PermitChange, PermitReport } from '@lb/shared/ipc/messages';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import { PermitLedger } from '@lb/primary/internal/limits/permit-ledger';
import { Permits } from '@lb/worker/internal/balancing/limits/permits';
import { seededRandom } from '@lb/shared/time/clock';

const SLOT = 3;

/** The part of a worker: permits, tries in flight, and requests that wait. */
interface Desk {
  readonly id: number;
  readonly permits: Permits;
  inFlight: number;
  waiting: number;
}

/** A ledger and workers; what they say to each other arrives when a test lets it. */
class Office {
  readonly desks: Desk[];
  readonly ledger: PermitLedger;
  limit: number;
  readonly #post: (() => void)[] = [];

  constructor(limit: number, workers: number) {
    this.limit = limit;
    this.desks = Array.from({ length: workers }, (_, id) => ({
      id,
      permits: new Permits(),
      inFlight: 0,
      waiting: 0,
    }));
    this.ledger = new PermitLedger({
      workerCount: () => workers,
      send: (id, changes) => this.#post.push(() => this.#arrive(id, changes)),
    });
    this.setLimit(limit);
  }

  setLimit(limit: number): void {
    this.limit = limit;
    this.ledger.follow([
      { backends: [{ slot: SLOT, maxConnections: limit }] },
    ] as unknown as PoolSnapshot[]);
    for (const { permits } of this.desks) permits.configure(limit, this.desks.length);
  }

  get inFlight(): number {
    return this.desks.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  desk(id: number): Desk {
    const desk = this.desks[id];
    if (desk === undefined) throw new Error(`no worker ${id}`);
    return desk;
  }

  /** So many requests come to a worker. */
  come(id: number, requests: number): void {
    const desk = this.desk(id);
    desk.waiting += requests;
    this.#begin(desk);
    this.#say(desk, 0);
  }

  /** So many tries of a worker end, and those that wait begin. */
  end(id: number, tries: number): void {
    const desk = this.desk(id);
    for (let i = 0; i < tries && desk.inFlight > 0; i++) {
      desk.inFlight--;
      const returned = desk.permits.giveBack(desk.inFlight, desk.waiting > 0);
      this.#begin(desk);
      this.#say(desk, returned);
    }
  }

  /** The oldest message arrives. False when there is none. */
  deliver(): boolean {
    const next = this.#post.shift();
    next?.();
    return next !== undefined;
  }

  settle(): void {
    while (this.deliver());
  }

  #arrive(id: number, changes: readonly PermitChange[]): void {
    const desk = this.desk(id);
    for (const change of changes) desk.permits.take(change);
    this.#begin(desk);
    const returned = desk.permits.giveBack(desk.inFlight, desk.waiting > 0);
    if (returned > 0) this.#say(desk, returned);
  }

  #begin(desk: Desk): void {
    while (desk.waiting > 0 && desk.inFlight < desk.permits.held) {
      desk.waiting--;
      desk.inFlight++;
    }
  }

  #say({ id, permits, inFlight, waiting }: Desk, returned: number): void {
    const wanted = permits.lacking(inFlight, waiting);
    const report: PermitReport = { slot: SLOT, returned, wanted };
    this.#post.push(() => this.ledger.report(id, report));
  }
}

test('a worker that has all the traffic gets all permits', () => {
  const office = new Office(5, 4);

  office.come(2, 50);
  office.settle();

  expect(office.desk(2).inFlight).toBe(5);
});

test('it gets those that others have idle, too', () => {
  const office = new Office(5, 2);
  office.come(0, 1);
  office.settle();
  office.end(0, 1);

  office.come(1, 50);
  office.settle();

  expect(office.desk(1).inFlight).toBe(5);
});

test('a worker that comes later gets its share as tries end', () => {
  const office = new Office(6, 2);
  office.come(0, 50);
  office.settle();
  office.come(1, 50);
  office.settle();

  for (let i = 0; i < 6; i++) {
    office.end(0, 1);
    office.settle();
  }

  expect(office.desks.map(({ inFlight }) => inFlight)).toEqual([3, 3]);
});

test('one permit goes round among workers that all want it', () => {
  const office = new Office(1, 3);
  for (const { id } of office.desks) office.come(id, 4);
  office.settle();
  const served: number[] = [];
  for (let i = 0; i < 12; i++) {
    const busy = office.desks.find(({ inFlight }) => inFlight > 0);
    if (busy === undefined) throw new Error(`nobody has it after ${i}`);
    served.push(busy.id);
    office.end(busy.id, 1);
    office.settle();
  }

  expect(new Set(served.slice(0, 3)).size).toBe(3);
  expect(office.desks.map(({ waiting }) => waiting)).toEqual([0, 0, 0]);
});

test('what a worker had is free when it is gone', () => {
  const office = new Office(2, 2);
  office.come(0, 2);
  office.settle();
  office.come(1, 2);

  office.ledger.remove(0);
  office.settle();

  expect(office.desk(1).inFlight).toBe(2);
});

describe('a limit that changes', () => {
  test('is kept to when it is lower: nothing new begins until enough has ended', () => {
    const office = new Office(8, 2);
    office.come(0, 20);
    office.come(1, 20);
    office.settle();

    office.setLimit(3);
    office.settle();
    const before = office.inFlight;
    for (let i = 0; i < 10; i++) {
      office.end(i % 2, 1);
      office.settle();
    }

    expect(before).toBe(8);
    expect(office.inFlight).toBe(3);
  });

  test('is used when it is higher', () => {
    const office = new Office(1, 2);
    office.come(0, 20);
    office.settle();

    office.setLimit(4);
    office.come(0, 0);
    office.settle();

    expect(office.desk(0).inFlight).toBe(4);
  });
});

test.each([1, 2, 3, 4, 5, 6])(
  'whatever comes in whatever order, there are never more in flight, and in the end all are served (seed %d)',
  (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const workers = 1 + below(5);
    const office = new Office(1 + below(12), workers);
    for (let step = 0; step < 3_000; step++) {
      const id = below(workers);
      const act = below(10);
      if (act < 2) office.come(id, 1 + below(4));
      else if (act < 5) office.end(id, 1 + below(3));
      else office.deliver();
      expect(office.inFlight).toBeLessThanOrEqual(office.limit);
    }

    for (let round = 0; office.desks.some(({ waiting }) => waiting > 0); round++) {
      if (round > 20_000) throw new Error('somebody waits for ever');
      office.settle();
      for (const { id } of office.desks) office.end(id, 1);
    }
  },
);
