/** The wire to one of three backends loses everything, without a word: no refusal, no reset, no end. */
import { noNamespaces, openWire } from '../network.ts';
import { BACKEND_GROUP, meet } from './backend-faults.ts';
import type { Case } from './case.ts';

/** The second of them. */
const PLACE = 1;

const about = 'the network to it loses everything';

export const blackhole: Case = {
  name: 'blackhole',
  about,
  group: BACKEND_GROUP,
  obstacle: noNamespaces,
  async run(run) {
    await using wire = await openWire();
    const fault = {
      name: 'blackhole',
      about,
      begin: () => Promise.resolve(wire.lose(PLACE)),
      repair: () => Promise.resolve(wire.find(PLACE)),
    };
    return await meet(fault, run, wire);
  },
};
