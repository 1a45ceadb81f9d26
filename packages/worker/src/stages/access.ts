/** `access`: client address ranges that may use a route. deny wins; a non-empty allow refuses the rest. */
import type { RouteConfig } from '@lb/shared/config/schema/root';
import { compileCidrs } from '@lb/shared/net/cidr';
import { type Reply, errorReply } from '../request/reply.ts';
import type { Stage } from './stage.ts';

const DENIED: Reply = errorReply('access_denied', 'access denied');

/** undefined when the route has no rules. */
export function createAccessStage({ allow, deny }: RouteConfig['access']): Stage | undefined {
  if (allow.length + deny.length === 0) return undefined;
  const allowed = compileCidrs(allow);
  const denied = compileCidrs(deny);
  return {
    name: 'access',
    admit({ clientAddress }) {
      if (denied.has(clientAddress)) return DENIED;
      return allowed.isEmpty || allowed.has(clientAddress) ? undefined : DENIED;
    },
    explain({ clientAddress }) {
      if (denied.has(clientAddress))
        return { verdict: 'refuse', because: `403: ${clientAddress} is in access.deny` };
      if (allowed.isEmpty)
        return { verdict: 'pass', because: `${clientAddress} is not in access.deny` };
      return allowed.has(clientAddress)
        ? { verdict: 'pass', because: `${clientAddress} is in access.allow` }
        : { verdict: 'refuse', because: `403: ${clientAddress} is not in access.allow` };
    },
  };
}
