/** Requests as they end, for whoever reads along. Workers are asked for them only as long as somebody does. */
import type { AccessRecord } from '@lb/shared/admin-api/logs';
import type { ToWorker } from '@lb/shared/ipc/messages';
import { type LogFilter, passes } from '@lb/shared/model/log-filter';
import type { AccessReader } from '../admin/context.ts';

export interface AccessStreamOptions {
  /** Ids of all there are. */
  readonly workers: () => readonly number[];
  /** False for a worker that cannot be told yet. */
  readonly send: (workerId: number, message: ToWorker) => boolean;
}

interface Reading {
  readonly filter: LogFilter;
  readonly reader: AccessReader;
  missed: number;
}

export class AccessStream {
  readonly #options: AccessStreamOptions;
  readonly #readings = new Set<Reading>();
  /** Workers that know what is wanted now. */
  readonly #told = new Set<number>();

  constructor(options: AccessStreamOptions) {
    this.#options = options;
  }

  /** Reads along from now on; returns what ends it. */
  watch(filter: LogFilter, reader: AccessReader): () => void {
    const reading = { filter, reader, missed: 0 };
    this.#readings.add(reading);
    this.#wantsChanged();
    return () => {
      this.#readings.delete(reading);
      this.#wantsChanged();
    };
  }

  /** What a worker says. What it missed itself cannot be told apart by filters: all who read are told. */
  receive(records: readonly AccessRecord[], missed: number): void {
    for (const reading of this.#readings) {
      for (const record of records) if (passes(reading.filter, record)) pass(reading, record);
      reading.missed += missed;
      tellMissed(reading);
    }
  }

  /** There may be new ones, which know of nobody who reads. */
  workersChanged(): void {
    if (this.#readings.size > 0) this.#tellWorkers();
  }

  /** A worker is gone. */
  remove(workerId: number): void {
    this.#told.delete(workerId);
  }

  #wantsChanged(): void {
    this.#told.clear();
    this.#tellWorkers();
  }

  #tellWorkers(): void {
    const filters = [...this.#readings].map(({ filter }) => filter);
    for (const id of this.#options.workers()) {
      if (this.#told.has(id)) continue;
      if (this.#options.send(id, { lb: 1, type: 'tap', filters })) this.#told.add(id);
    }
  }
}

function pass(reading: Reading, record: AccessRecord): void {
  tellMissed(reading);
  if (reading.missed > 0 || !reading.reader(record)) reading.missed++;
}

function tellMissed(reading: Reading): void {
  const { missed } = reading;
  if (missed > 0 && reading.reader({ missed })) reading.missed = 0;
}
