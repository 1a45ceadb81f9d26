/** `lbctl overrides`: what was changed about backends at run time. */
import type { OverrideReply, OverridesReply } from '@lb/shared/admin-api/contract';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../table.ts';
import { withInstance, type ClientCall } from './client.ts';

/** Prints one line per override; nothing but a remark when there is none. */
export function overrides(call: ClientCall): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const reply = await client.get<OverridesReply>('/api/v1/overrides');
    if (options.json === true) output.json(reply);
    else if (reply.overrides.length === 0) output.message('nothing was changed at run time');
    else for (const line of overrideLines(reply.overrides)) output.data(line);
    if (reply.warning !== null && reply.overrides.length > 0) output.message(reply.warning);
    return EXIT.ok;
  });
}

/** An aligned table. */
function overrideLines(all: readonly OverrideReply[]): string[] {
  return formatTable(
    [
      { title: 'POOL' },
      { title: 'BACKEND' },
      { title: 'STATE' },
      { title: 'WEIGHT', align: 'right' },
      { title: 'DEADLINE' },
      { title: 'SINCE' },
      { title: 'BY' },
    ],
    all.map(({ pool, backend, state, weight, deadline, since, by, isConfigured }) => [
      pool,
      isConfigured ? backend : `${backend} (not in the configuration)`,
      state ?? '-',
      weight === null ? '-' : `${weight}`,
      deadline ?? '-',
      since,
      by,
    ]),
  );
}
