/** What requests are handled by, compiled of a configuration when a snapshot arrives. */
import type { Config } from '@lb/shared/config/schema/root';
import { fieldKind, MAY_IDENTIFY } from '../http1/field-names.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { TrustedProxies } from './client-ip.ts';
import { RouteTable } from './route-table.ts';
import type { Route } from './route.ts';
import type { Runtime } from './services.ts';

/** @param routes of the configuration, in its order */
export function compileRuntime(
  { trustedProxies, requestId }: Config,
  routes: readonly Route[],
  tracer: Tracer | undefined,
): Runtime {
  return {
    routes: new RouteTable(routes),
    trustedProxies: new TrustedProxies(trustedProxies),
    requestIdHeader: requestId.header,
    requestIdName: requestId.header.toLowerCase(),
    requestIdIsMarked: fieldKind(requestId.header) === MAY_IDENTIFY,
    tracer,
  };
}
