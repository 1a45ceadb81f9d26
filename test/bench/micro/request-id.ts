/** Request ids, written where they go: `node --conditions=@lb/source test/bench/micro/request-id.ts`. */
import { systemClock } from '@lb/shared/time/clock';
import { RequestIds } from '@lb/worker/internal/request/request-id';
import { printNanoseconds } from './measure.ts';

const ids = new RequestIds(systemClock);
const out = Buffer.alloc(36);

printNanoseconds([
  {
    name: 'make a request id and write it',
    run(times) {
      for (let i = 0; i < times; i++)
        if (out.write(ids.next(), 'latin1') !== 36) throw new Error('an id of another length');
    },
  },
]);
