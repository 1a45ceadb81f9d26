import { describe, expect, test } from '@jest/globals';
import { CASES } from '../faults/cases/registry.ts';
import type { Findings } from '../faults/cases/case.ts';
import { lbctl } from '../faults/rigs/lbctl.ts';

/** A short run of a case of the fault suite; `npm run test:faults` has the long ones. */
async function findingsOf(name: string): Promise<Findings> {
  const found = CASES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return await found.run({ rig: lbctl, requests: 600, rate: 200 });
}

describe('every request of an open-loop client is accounted for', () => {
  test('when one of three backends resets connections, no GET fails and no POST is sent twice', async () => {
    const { figures, broken } = await findingsOf('resetting');

    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ failed: 0, wrong: 0 });
    expect(figures['tried again']).toBeGreaterThan(0);
  });

  test('while workers are killed, backends flap and reloads come, only what was in a killed worker fails', async () => {
    const { figures, broken } = await findingsOf('everything');

    expect(broken).toEqual([]);
    expect(figures['workers killed']).toBeGreaterThan(0);
    expect(figures['reloads']).toBeGreaterThan(0);
  });

  test('SIGTERM cuts nothing that has begun', async () => {
    const { figures, broken } = await findingsOf('drain');

    expect(broken).toEqual([]);
    expect(figures['downloads in flight']).toBeGreaterThan(0);
  });
});
