/** Request ids, written where they go. */
import { systemClock } from '@lb/shared/time/clock';
import { RequestIds } from '@lb/worker/internal/request/request-id';
import type { Benchmark } from './benchmark.ts';

const ids = new RequestIds(systemClock);
const out = Buffer.alloc(36);

export const requestId: readonly Benchmark[] = [
  {
    name: 'make a request id and write it',
    run(times) {
      for (let i = 0; i < times; i++)
        if (out.write(ids.next(systemClock.monotonicMs()), 'latin1') !== 36)
          throw new Error('an id of another length');
    },
  },
];
