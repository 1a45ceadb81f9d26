/** `lbctl overrides clear`: every backend is again what the configuration says. */
import type { OverridesClearedReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import { whoAsks } from './change-backend.ts';
import { withInstance, type ClientCall } from './client.ts';

/** Takes all of it back, and says how many there were. */
export function clearOverrides(call: ClientCall): Promise<number> {
  const { output, options, context } = call;
  return withInstance(call, async (client) => {
    const by = whoAsks(context);
    const reply = await client.delete<OverridesClearedReply>('/api/v1/overrides', { by });
    if (options.json === true) output.json(reply);
    else
      output.message(`cleared ${reply.cleared} ${reply.cleared === 1 ? 'override' : 'overrides'}`);
    if (reply.warning !== null) output.message(reply.warning);
    return EXIT.ok;
  });
}
