/** `lbctl cache purge`: answers are used no more before their time. */
import type { CachePurgeReply } from '@lb/shared/admin-api/contract';
import { parsePurge } from '@lb/shared/model/purge';
import { EXIT } from '../exit-codes.ts';
import { whoAsks } from './change-backend.ts';
import { withInstance, type ClientCall } from './client.ts';

/** Purges; exit code 1 when somebody may use them still. */
export async function cachePurge(call: ClientCall, target: string): Promise<number> {
  const { output, options, context } = call;
  const wish = parsePurge(target);
  if (wish === undefined) {
    output.error(`not a URL and not a tag: ${JSON.stringify(target)}`);
    return EXIT.usage;
  }
  return withInstance(call, async (client) => {
    const by = whoAsks(context);
    const query = new URLSearchParams({ [wish.by]: wish.value });
    const reply = await client.delete<CachePurgeReply>(`/api/v1/cache?${query.toString()}`, { by });
    const { purged, silent, warning } = reply;
    if (options.json === true) output.json(reply);
    else output.message(`purged ${purged} ${purged === 1 ? 'answer' : 'answers'} on this instance`);
    for (const who of silent) output.error(`${who} did not say that it has purged`);
    if (warning !== null) output.error(warning);
    return silent.length === 0 && warning === null ? EXIT.ok : EXIT.failure;
  });
}
