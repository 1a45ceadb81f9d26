/** What a person sees when an instance starts on a terminal. */
import type { PoolReply, StatusReply } from '@lb/shared/admin-api/contract';
import { storeText } from './store-text.ts';

/** Lines of the banner. @param admin where the admin server listens */
export function bannerLines(
  status: StatusReply,
  pools: readonly PoolReply[],
  admin: string,
): string[] {
  const { version, node, pid, listeners, workers, config, store } = status;
  return [
    `lbctl ${version}  (node ${node}, pid ${pid})`,
    ...listeners.map(({ name, bind, address }) =>
      name === bind ? `  listener  ${address}` : `  listener  ${address}  ${name}`,
    ),
    ...pools.map(({ name, policy, backends }) => {
      const names = backends.map((backend) => backend.url);
      const shown = names.slice(0, 8).join(' ');
      const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
      return `  pool      ${name} (${policy}): ${shown}${more}`;
    }),
    `  admin     http://${admin}`,
    `  config    ${config.path ?? '(command line)'}`,
    ...(store.type === 'memory' ? [] : [`  store     ${storeText(store)}`]),
    `  workers   ${workers.length}`,
  ];
}
